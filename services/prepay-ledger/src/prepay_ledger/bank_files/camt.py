"""camt.053 (statement), camt.054 (notification) and camt.052 (report), version 001.02 or later."""

from collections.abc import Iterator, Sequence

from prepay_ledger.bank_files.amounts import account_of, currency_of, micro_of
from prepay_ledger.bank_files.camt_entries import lines_of
from prepay_ledger.bank_files.camt_tree import (
    Node,
    child,
    children,
    document_of,
    first_text,
    is_true,
    local,
    text,
)
from prepay_ledger.bank_files.values import Statement, Unreadable, checked

_STATEMENTS = ("Stmt", "Ntfctn", "Rpt")
_OPENING = ("OPBD", "PRCD")
_CLOSING = "CLBD"


def read_camt(body: bytes) -> Sequence[Statement]:
    """The statements in the file. Raises `Unreadable`."""
    document = document_of(body)
    statements = [
        _statement(node, number)
        for number, node in enumerate((each for each in document if local(each) in _STATEMENTS), 1)
    ]
    if not statements:
        message = f"there is no statement in {local(document)}"
        raise Unreadable(message)
    return statements


def _statement(node: Node, number: int) -> Statement:
    name = text(node, "Id") or str(number)
    where = f"statement {name}"
    account = account_of(first_text(node, ("Acct", "Id", "IBAN"), ("Acct", "Id", "Othr", "Id")))
    if not account:
        message = f"{where}: it names no account"
        raise Unreadable(message)
    entries = list(children(node, "Ntry"))
    currencies = set(_currencies(node, entries))
    if len(currencies) != 1:
        named = ", ".join(sorted(currencies)) or "none"
        message = f"{where}: an account has one currency, and this one has {named}"
        raise Unreadable(message)
    currency = currency_of(currencies.pop(), where=where)
    opening, closing = _balances(node, where=where) if _is_whole(node) else (None, None)
    return checked(
        Statement(
            account=account,
            currency=currency,
            number=name,
            opening_micro=opening,
            closing_micro=closing,
            lines=[
                line
                for at, entry in enumerate(entries, 1)
                for line in lines_of(entry, currency=currency, where=f"{where}, entry {at}")
            ],
        )
    )


def _currencies(node: Node, entries: Sequence[Node]) -> Iterator[str]:
    if told := text(node, "Acct", "Ccy"):
        yield told
    for each in (*children(node, "Bal", "Amt"), *(child(entry, "Amt") for entry in entries)):
        if each is not None:
            yield each.get("Ccy", "")


def _is_whole(node: Node) -> bool:
    """Of several pages each has other lines, and some banks put the balances of all on each."""
    pages = child(node, "StmtPgntn")
    if pages is None:
        return True
    return is_true(pages, "LastPgInd") and text(pages, "PgNb").lstrip("0") == "1"


def _balances(node: Node, *, where: str) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    for balance in children(node, "Bal"):
        code = text(balance, "Tp", "CdOrPrtry", "Cd")
        micro = micro_of(text(balance, "Amt"), where=f"{where}, balance {code}")
        found.setdefault(code, -micro if text(balance, "CdtDbtInd") == "DBIT" else micro)
    opening = next((found[code] for code in _OPENING if code in found), None)
    return opening, found.get(_CLOSING)
