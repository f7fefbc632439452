"""SWIFT MT940, in the dialects of banks: Germany's ``?20`` fields, the Netherlands' ``/REMI/``, and
plain text. A file has many statements, of many accounts."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from prepay_ledger.bank_files.amounts import account_of, day_of, micro_of
from prepay_ledger.bank_files.mt940_text import read_text
from prepay_ledger.bank_files.values import (
    LINES_MAX,
    LineKind,
    Statement,
    StatementLine,
    Unreadable,
    checked,
)

_TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)")
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]+,[0-9]*)")
_LINE = re.compile(
    r"([0-9]{6})([0-9]{4})?([RE]?[CD])([A-Z])?([0-9]+,[0-9]*)([A-Z][A-Z0-9]{3})"
    r"((?:(?!//).){0,35})(?://(.{0,35}))?"
)
"""Value day, entry day, direction (R: a reversal, E: expected, not booked), the currency's third
letter, amount, type, the customer's reference, the bank's."""
_NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED", ""})
_CHARGES = frozenset({"CHG", "COM"})
_RETURNS = frozenset({"RTI"})


class _Field(NamedTuple):
    tag: str
    lines: list[str]
    at: int

    @property
    def where(self) -> str:
        return f"line {self.at}, field :{self.tag}:"


def read_mt940(body: bytes) -> Sequence[Statement]:
    """The statements in the file. Raises `Unreadable`."""
    messages: list[list[_Field]] = []
    for field in _fields(_decoded(body)):
        if field.tag == "20":
            messages.append([])
        if not messages:
            message = f"{field.where} stands before the first :20:"
            raise Unreadable(message)
        messages[-1].append(field)
    if not messages:
        message = "the file has no statement: there is no field :20:"
        raise Unreadable(message)
    if sum(len(each) for each in messages) > 2 * LINES_MAX:
        message = f"the file has over {LINES_MAX} lines: send it in parts"
        raise Unreadable(message)
    statements = [_statement(each) for each in messages]
    _check_pages(messages, statements)
    return statements


def _check_pages(messages: Sequence[Sequence[_Field]], statements: Sequence[Statement]) -> None:
    """A balance in between (:62M:) is what the next page begins with. Raises `Unreadable`."""
    for page, (before, after) in enumerate(pairwise(statements)):
        closes_in_between = any(each.tag == "62M" for each in messages[page])
        if not closes_in_between or (before.account, before.currency) != (
            after.account,
            after.currency,
        ):
            continue
        if before.closing_micro != after.opening_micro:
            message = (
                f"{messages[page + 1][0].where}: the page before it ends with "
                f"{before.closing_micro} micro-units, and this one begins with "
                f"{after.opening_micro}: a page between them is missing"
            )
            raise Unreadable(message)


def _decoded(body: bytes) -> str:
    """Of older banks in Latin-1."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", errors="replace")
    if "\x00" in text:
        message = "the file has NUL characters: it is no text"
        raise Unreadable(message)
    return text


def _fields(text: str) -> Iterator[_Field]:
    """What belongs to no field is the envelope: SWIFT's blocks in braces, and the closing dash."""
    field: _Field | None = None
    for at, line in enumerate(text.splitlines(), 1):
        found = _TAG.match(line)
        if found is not None:
            if field is not None:
                yield field
            field = _Field(found[1], [found[2]], at)
        elif line.strip() in {"-", "-}"} or line.startswith(("-}", "{")):
            if field is not None:
                yield field
            field = None
        elif field is not None:
            field.lines.append(line)
        elif line.strip():
            message = f"line {at}: {line[:40]!r} belongs to no field"
            raise Unreadable(message)
    if field is not None:
        yield field


def _statement(fields: Sequence[_Field]) -> Statement:
    account, number, currency = "", fields[0].lines[0], ""
    opening = closing = closed_on = None
    lines: list[StatementLine] = []
    for at, field in enumerate(fields):
        match field.tag:
            case "25" | "25P":
                account = account_of(field.lines[0])
            case "28C" | "28":
                number = field.lines[0].strip()
            case "60F" | "60M":
                currency, opening, _ = _balance(field)
            case "62F" | "62M":
                closed_in, closing, closed_on = _balance(field)
                if closed_in != currency:
                    message = f"{field.where}: it opened in {currency}, and closes in {closed_in}"
                    raise Unreadable(message)
            case "61":
                after = fields[at + 1] if at + 1 < len(fields) else None
                told = after.lines if after is not None and after.tag == "86" else []
                lines.append(_line(field, told))
            case _:
                pass
    if not account or opening is None or closing is None:
        message = (
            f"{fields[0].where}: the statement lacks its account (:25:), its opening (:60F:) or "
            "its closing balance (:62F:)"
        )
        raise Unreadable(message)
    return checked(
        Statement(
            account=_without_currency(account, currency),
            currency=currency,
            number=number,
            lines=lines,
            opening_micro=opening,
            closing_micro=closing,
            closed_on=closed_on,
        )
    )


def _without_currency(account: str, currency: str) -> str:
    """The Netherlands' banks write it behind the number."""
    bare = account.removesuffix(currency).rstrip("/")
    return bare if bare and bare[-1].isdecimal() else account


def _balance(field: _Field) -> tuple[str, int, date]:
    found = _BALANCE.fullmatch(field.lines[0].strip())
    if found is None:
        message = f"{field.where}: {field.lines[0][:40]!r} is no balance"
        raise Unreadable(message)
    micro = micro_of(found[4], decimal=",", where=field.where)
    day = day_of(found[2], form="%y%m%d", where=field.where)
    return found[3], micro if found[1] == "C" else -micro, day


def _line(field: _Field, told: Sequence[str]) -> StatementLine:
    found = _LINE.fullmatch(field.lines[0].strip())
    if found is None:
        message = f"{field.where}: {field.lines[0][:60]!r} is no statement line"
        raise Unreadable(message)
    micro = micro_of(found[5], decimal=",", where=field.where)
    amount = micro if found[3] in {"C", "RD", "EC"} else -micro
    value_on = day_of(found[1], form="%y%m%d", where=field.where)
    text = read_text(told)
    supplementary = " ".join(field.lines[1:]).strip()
    customers, banks = found[7].strip(), (found[8] or "").strip()
    end_to_end = text.end_to_end_id or ("" if customers in _NO_REFERENCE else customers)
    return StatementLine(
        kind=_kind(amount, found[3], found[6], text.is_return),
        amount_micro=amount,
        booked_on=_entry_day(value_on, found[2], where=field.where),
        value_on=value_on,
        booking="" if banks in _NO_REFERENCE else banks,
        end_to_end_id=end_to_end,
        structured=text.structured,
        text=text.remittance or supplementary,
        other_party=text.other_party,
    )


def _entry_day(value_on: date, told: str | None, *, where: str) -> date:
    """Month and day: of the year that brings it closest to the value day."""
    if not told:
        return value_on
    days: list[date] = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        try:
            days.append(date(year, int(told[:2]), int(told[2:])))
        except ValueError:
            continue
    if not days:
        message = f"{where}: {told} is no day of a year"
        raise Unreadable(message)
    return min(days, key=lambda day: abs(day - value_on))


def _kind(amount_micro: int, direction: str, type_: str, is_return: bool) -> LineKind:
    if direction.startswith("E"):
        return LineKind.PENDING
    is_return = is_return or direction.startswith("R") or type_[1:] in _RETURNS
    if amount_micro >= 0:
        return LineKind.RETURNED_TO_US if is_return else LineKind.CREDIT
    if is_return:
        return LineKind.RETURN
    return LineKind.CHARGE if type_[1:] in _CHARGES else LineKind.DEBIT
