"""camt.053 (statement), camt.054 (notification) and camt.052 (report), version 001.02 or later."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from prepay_ledger.bank_files.amounts import account_of, currency_of, day_of, micro_of
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
    nodes = [each for each in document if local(each) in _STATEMENTS]
    if not nodes:
        message = f"there is no statement in {local(document)}"
        raise Unreadable(message)
    statements = [_statement(node, number) for number, node in enumerate(nodes, 1)]
    _check_pages(nodes, statements)
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
    # Of several pages each has other lines, and some banks put the balances of all on each.
    page, is_last = _page(node)
    opening, closing = _balances(node, where=where)
    return checked(
        Statement(
            account=account,
            currency=currency,
            number=name,
            opening_micro=opening if page == "1" else None,
            closing_micro=closing if is_last else None,
            closed_on=_closed_on(node, where=where),
            lines=[
                line
                for at, entry in enumerate(entries, 1)
                for line in lines_of(entry, currency=currency, where=f"{where}, entry {at}")
            ],
        )
    )


def _closed_on(node: Node, *, where: str) -> date | None:
    for balance in children(node, "Bal"):
        if text(balance, "Tp", "CdOrPrtry", "Cd") == _CLOSING:
            said = first_text(balance, ("Dt", "Dt"), ("Dt", "DtTm"))[:10]
            return day_of(said, form="%Y-%m-%d", where=where) if said else None
    return None


def _currencies(node: Node, entries: Sequence[Node]) -> Iterator[str]:
    if told := text(node, "Acct", "Ccy"):
        yield told
    for each in (*children(node, "Bal", "Amt"), *(child(entry, "Amt") for entry in entries)):
        if each is not None:
            yield each.get("Ccy", "")


def _page(node: Node) -> tuple[str, bool]:
    """Its number, and whether it is the last; a statement without pages is its first and last."""
    pages = child(node, "StmtPgntn")
    if pages is None:
        return "1", True
    return text(pages, "PgNb").lstrip("0"), is_true(pages, "LastPgInd")


def _check_pages(nodes: Sequence[Node], statements: Sequence[Statement]) -> None:
    """Of a statement whose pages are all in the file: from the opening balance of the first to the
    closing balance of the last. Raises `Unreadable`."""
    pages_of: dict[tuple[str, str], dict[str, tuple[Node, Statement]]] = {}
    for node, statement in zip(nodes, statements, strict=True):
        pages = pages_of.setdefault((statement.account, statement.number), {})
        number = _page(node)[0]
        if number in pages:
            return  # Several statements of one name: which page is whose cannot be told.
        pages[number] = (node, statement)
    for pages in pages_of.values():
        whole = _in_order(pages)
        if len(whole) < 2:
            continue
        (first, statement), (last, _) = whole[0], whole[-1]
        where = f"statement {statement.number}"
        opening, closing = _balances(first, where=where)[0], _balances(last, where=where)[1]
        lines = [line for _, page in whole for line in page.lines]
        checked(replace(statement, lines=lines, opening_micro=opening, closing_micro=closing))


def _in_order(
    pages: Mapping[str, tuple[Node, Statement]],
) -> Sequence[tuple[Node, Statement]]:
    """From the first page to the last; none where one is not in the file."""
    found = [pages[str(at)] for at in range(1, len(pages) + 1) if str(at) in pages]
    is_whole = len(found) == len(pages) and _page(found[-1][0])[1]
    return found if is_whole else ()


def _balances(node: Node, *, where: str) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    for balance in children(node, "Bal"):
        code = text(balance, "Tp", "CdOrPrtry", "Cd")
        micro = micro_of(text(balance, "Amt"), where=f"{where}, balance {code}")
        found.setdefault(code, -micro if text(balance, "CdtDbtInd") == "DBIT" else micro)
    opening = next((found[code] for code in _OPENING if code in found), None)
    return opening, found.get(_CLOSING)
