"""An entry of a camt statement as lines: one for each transaction in it, and its charges."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from prepay_ledger.bank_files.amounts import day_of, micro_of
from prepay_ledger.bank_files.camt_tree import Node, child, children, first_text, is_true, text
from prepay_ledger.bank_files.values import (
    GERMAN_RETURNS,
    TEXT_CHARACTERS_MAX,
    LineKind,
    StatementLine,
    Unreadable,
)

_NO_REFERENCE = frozenset({"NOTPROVIDED", "NONREF", "NONE", "UNKNOWN"})
_RETURNS = frozenset({"RRTN", "RPCR", "UPDD", "RCDD", "PRDD", "ARET", "NRTN", "UPCQ", "CQRV"})
"""Subfamilies of bank transaction codes that are returns, reversals and recalls of payments."""
_GERMAN = re.compile(r"[A-Z0-9]{4}\+([0-9]{3})(?:\+.*)?")
"""The bank's own code of a transaction, as Germany's banks write it: SWIFT's and the old number."""
_SIGNS = {"CRDT": 1, "DBIT": -1}


def lines_of(entry: Node, *, currency: str, where: str) -> Sequence[StatementLine]:
    """Raises `Unreadable`."""
    status = first_text(entry, ("Sts", "Cd"), ("Sts",)) or "BOOK"
    amount = _signed(entry, currency=currency, where=where)
    assert amount is not None, "an entry without an amount is refused"
    basis = StatementLine(
        kind=LineKind.PENDING if status in {"PDNG", "FUTR"} else _kind(entry, None, amount),
        amount_micro=amount,
        booked_on=_day(entry, where=where),
        value_on=_day_at(entry, "ValDt", where=where),
        booking=_reference(entry, ("AcctSvcrRef",)),
        text=text(entry, "AddtlNtryInf")[:TEXT_CHARACTERS_MAX],
    )
    details = list(children(entry, "NtryDtls", "TxDtls"))
    if status == "INFO":
        return []
    if basis.kind is LineKind.PENDING:
        return [basis]
    if len(details) < _payments_in(entry):
        return [replace(basis, kind=LineKind.BATCH)]
    if not details:
        return [basis]
    parts = [_of_details(entry, each, basis) for each in details]
    if len(details) == 1:
        return _one(entry, details[0], parts[0], currency=currency, where=where)
    amounts = [_signed_of_details(each, amount, currency=currency) for each in details]
    known = [each for each in amounts if each is not None]
    charges = sum(_charges(each, currency=currency, where=where) for each in (entry, *details))
    if len(known) != len(details) or amount not in {sum(known), sum(known) - charges}:
        message = (
            f"{where}: its transactions come to {sum(known)} micro-units, {len(known)} of "
            f"{len(details)} with an amount in {currency}, and the entry is of {amount}"
        )
        raise Unreadable(message)
    lines = [
        replace(part, amount_micro=micro, kind=_kind(entry, each, micro))
        for part, each, micro in zip(parts, details, known, strict=True)
    ]
    return _with_charge(lines, sum(known) - amount, basis)


def _one(
    entry: Node, details: Node, line: StatementLine, *, currency: str, where: str
) -> Sequence[StatementLine]:
    """The entry's amount is what moved. What the payer sent is more where the bank kept its charge
    of it: the payer is credited all, and the charge is a line of its own."""
    sent = _signed_of_details(details, line.amount_micro, currency=currency)
    charges = _charges(entry, currency=currency, where=where) or _charges(
        details, currency=currency, where=where
    )
    kind = _kind(entry, details, line.amount_micro)
    line = replace(line, transaction="")
    if sent is not None and line.amount_micro > 0 and 0 < sent - line.amount_micro == charges:
        gross = replace(line, amount_micro=sent, kind=kind)
        return _with_charge([gross], charges, line)
    return [replace(line, kind=kind)]


def _with_charge(
    lines: Sequence[StatementLine], charge_micro: int, basis: StatementLine
) -> Sequence[StatementLine]:
    if not charge_micro:
        return lines
    charge = replace(
        basis, kind=LineKind.CHARGE, amount_micro=-charge_micro, transaction="charge", structured=""
    )
    return [*lines, charge]


def _of_details(entry: Node, details: Node, basis: StatementLine) -> StatementLine:
    refs = child(details, "Refs")
    remittance = child(details, "RmtInf")
    written = [text(each) for each in children(remittance, "Ustrd")]
    written += [text(each) for each in children(remittance, "Strd", "AddtlRmtInf")]
    written += [text(each) for each in children(remittance, "Strd", "RfrdDocInf", "Nb")]
    booking = basis.booking
    own = _reference(refs, ("AcctSvcrRef",))
    return replace(
        basis,
        booking=booking or own,
        transaction=(own if booking and own != booking else "")
        or _reference(refs, ("TxId",), ("InstrId",), ("EndToEndId",), ("ChqNb",)),
        end_to_end_id=_reference(refs, ("EndToEndId",), ("TxId",), ("MndtId",)),
        structured=text(remittance, "Strd", "CdtrRefInf", "Ref"),
        text=" ".join(filter(None, written))[:TEXT_CHARACTERS_MAX]
        or text(details, "AddtlTxInf")[:TEXT_CHARACTERS_MAX]
        or text(entry, "AddtlNtryInf")[:TEXT_CHARACTERS_MAX],
        other_party=_other_party(details, is_credit=basis.amount_micro > 0),
    )


def _kind(entry: Node, details: Node | None, amount_micro: int) -> LineKind:
    is_return = (
        is_true(entry, "RvslInd")
        or child(details, "RtrInf") is not None
        or any(_is_return(each) for each in (entry, details))
    )
    if amount_micro >= 0:
        return LineKind.RETURNED_TO_US if is_return else LineKind.CREDIT
    if is_return:
        return LineKind.RETURN
    families = {text(each, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") for each in (entry, details)}
    return LineKind.CHARGE if families & {"CHRG", "FEES", "COMM"} else LineKind.DEBIT


def _is_return(node: Node | None) -> bool:
    if text(node, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") in _RETURNS:
        return True
    own = _GERMAN.fullmatch(text(node, "BkTxCd", "Prtry", "Cd"))
    return own is not None and own[1] in GERMAN_RETURNS


def _payments_in(entry: Node) -> int:
    """How many it says that it is in one sum; none where it does not say, or says one."""
    counts = [text(each) for each in children(entry, "NtryDtls", "Btch", "NbOfTxs")]
    said = sum(int(each) for each in counts if each.isdecimal() and each.isascii())
    return said if said > 1 else 0


def _signed(entry: Node, *, currency: str, where: str) -> int | None:
    amount = child(entry, "Amt")
    sign = _SIGNS.get(text(entry, "CdtDbtInd"))
    if amount is None or sign is None:
        message = f"{where}: it has no amount, or does not say whether it is a credit or a debit"
        raise Unreadable(message)
    if amount.get("Ccy") != currency:
        message = f"{where}: it is in {amount.get('Ccy')}, and the account is in {currency}"
        raise Unreadable(message)
    return sign * micro_of(text(amount), where=where)


def _signed_of_details(details: Node, entry_micro: int, *, currency: str) -> int | None:
    """None where no amount in the account's currency is told."""
    sign = _SIGNS.get(text(details, "CdtDbtInd"), 1 if entry_micro >= 0 else -1)
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
        amount = child(details, *path)
        if amount is not None and amount.get("Ccy") == currency:
            return sign * micro_of(text(amount), where="a transaction")
    return None


def _charges(node: Node, *, currency: str, where: str) -> int:
    """What the bank says that it kept, of an entry or a transaction."""
    total = 0
    for charges in children(node, "Chrgs"):
        records = list(children(charges, "Rcrd")) or [charges]
        for record in records:
            amount = child(record, "Amt")
            if amount is not None and amount.get("Ccy") == currency:
                back = -1 if text(record, "CdtDbtInd") == "CRDT" else 1
                total += back * micro_of(text(amount), where=f"{where}, charges")
    return total


def _day(entry: Node, *, where: str) -> date:
    day = _day_at(entry, "BookgDt", where=where) or _day_at(entry, "ValDt", where=where)
    if day is None:
        message = f"{where}: it has neither a booking day nor a value day"
        raise Unreadable(message)
    return day


def _day_at(entry: Node, name: str, *, where: str) -> date | None:
    told = first_text(entry, (name, "Dt"), (name, "DtTm"))
    return day_of(told[:10], where=where) if told else None


def _reference(node: Node | None, *paths: tuple[str, ...]) -> str:
    """The first that is one: banks write words where there is none."""
    told = (text(node, *path) for path in paths)
    return next((each for each in told if each and each.upper() not in _NO_REFERENCE), "")


def _other_party(details: Node, *, is_credit: bool) -> str:
    party = "Dbtr" if is_credit else "Cdtr"
    return first_text(details, ("RltdPties", party, "Nm"), ("RltdPties", party, "Pty", "Nm"))
