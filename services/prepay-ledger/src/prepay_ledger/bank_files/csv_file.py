"""A bank's CSV, by the mapping of that bank."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from prepay_ledger.bank_files.amounts import account_of, currency_of, day_of, signed_micro_of
from prepay_ledger.bank_files.csv_mapping import CsvMapping
from prepay_ledger.bank_files.csv_records import records_of
from prepay_ledger.bank_files.values import (
    TEXT_CHARACTERS_MAX,
    LineKind,
    Statement,
    StatementLine,
    Unreadable,
    checked,
)

_BESIDE = re.compile(r"[¥￥€£$₹元]|\b[A-Z]{3}\b")
"""What banks write beside an amount; the currency itself is the mapping's or a column's."""


class _Row(NamedTuple):
    """A line of the file, and the balance after it where one is told."""

    account: str
    currency: str
    line: StatementLine
    balance_micro: int | None
    where: str


def read_csv(body: bytes, mapping: CsvMapping) -> Sequence[Statement]:
    """A statement for each account in the file. Raises `Unreadable`."""
    records = records_of(body, mapping, mapping.columns)
    rows = [_row(fields, mapping, where) for where, fields in records]
    if not rows:
        message = "the file has no lines after its header"
        raise Unreadable(message)
    if mapping.newest_first:
        rows.reverse()
    by_account: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        by_account.setdefault((row.account, row.currency), []).append(row)
    return [_statement(account, its) for account, its in by_account.items()]


def _statement(account: tuple[str, str], rows: Sequence[_Row]) -> Statement:
    for before, row in pairwise(rows):
        if before.balance_micro is None or row.balance_micro is None:
            continue
        missing = row.balance_micro - before.balance_micro - row.line.amount_micro
        if missing:
            message = (
                f"{row.where}: the balance after it does not follow from the one before: "
                f"{missing} micro-units are missing"
            )
            raise Unreadable(message)
    first, last = rows[0], rows[-1]
    opening = None
    if first.balance_micro is not None:
        opening = first.balance_micro - first.line.amount_micro
    number, currency = account
    days = [row.line.booked_on for row in rows]
    return checked(
        Statement(
            account=number,
            currency=currency,
            number=f"{min(days)}/{max(days)}",
            lines=[row.line for row in rows],
            opening_micro=opening,
            closing_micro=last.balance_micro,
        )
    )


def _row(fields: Mapping[str, str], mapping: CsvMapping, where: str) -> _Row:
    def field(column: str | None) -> str:
        return fields[column] if column else ""

    amount = _amount(fields, mapping, where)
    text = " ".join(filter(None, (fields[each] for each in mapping.text)))
    account = account_of(mapping.account or field(mapping.account_column))
    if not account:
        message = f"{where}: it names no account"
        raise Unreadable(message)
    form, value_on = mapping.date_form, field(mapping.value_on)
    return _Row(
        account=account,
        currency=mapping.currency or currency_of(field(mapping.currency_column), where=where),
        line=StatementLine(
            kind=_kind(amount, text, mapping),
            amount_micro=amount,
            booked_on=day_of(field(mapping.booked_on), form=form, where=where),
            value_on=day_of(value_on, form=form, where=where) if value_on else None,
            booking=field(mapping.bank_reference),
            structured=field(mapping.structured),
            text=text[:TEXT_CHARACTERS_MAX],
            other_party=field(mapping.other_party),
        ),
        balance_micro=_signed(field(mapping.balance), mapping, where) if mapping.balance else None,
        where=where,
    )


def _amount(fields: Mapping[str, str], mapping: CsvMapping, where: str) -> int:
    if mapping.amount is None:
        assert mapping.credit is not None, "the mapping is whole"
        assert mapping.debit is not None, "the mapping is whole"
        came = _signed(fields[mapping.credit] or "0", mapping, where)
        went = _signed(fields[mapping.debit] or "0", mapping, where)
        if came and went:
            message = f"{where}: it is both a credit and a debit"
            raise Unreadable(message)
        return came or -abs(went)
    amount = _signed(fields[mapping.amount], mapping, where)
    if mapping.direction is None:
        return amount
    said = fields[mapping.direction.column]
    if said in mapping.direction.credit:
        return amount
    if said in mapping.direction.debit:
        return -abs(amount)
    message = f"{where}: {said[:40]!r} is neither a credit nor a debit by the mapping"
    raise Unreadable(message)


def _signed(text: str, mapping: CsvMapping, where: str) -> int:
    """With the currency beside it."""
    plain = _BESIDE.sub("", text)
    return signed_micro_of(plain, decimal=mapping.decimal, group=mapping.group, where=where)


def _kind(amount_micro: int, text: str, mapping: CsvMapping) -> LineKind:
    is_return = any(word in text for word in mapping.return_words if word)
    if amount_micro >= 0:
        return LineKind.RETURNED_TO_US if is_return else LineKind.CREDIT
    if is_return:
        return LineKind.RETURN
    is_charge = any(word in text for word in mapping.charge_words if word)
    return LineKind.CHARGE if is_charge else LineKind.DEBIT
