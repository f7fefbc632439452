"""A bank's CSV, by the mapping of that bank."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from prepay_ledger.bank_files.amounts import account_of, currency_of, day_of, micro_of
from prepay_ledger.bank_files.csv_mapping import ENCODINGS, CsvMapping
from prepay_ledger.bank_files.values import (
    LINES_MAX,
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
    rows = [_row(fields, mapping, where) for where, fields in _records(body, mapping)]
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


def _records(body: bytes, mapping: CsvMapping) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The fields of each line by column, and where it stands."""
    try:
        text = body.decode(ENCODINGS[mapping.encoding])
    except UnicodeDecodeError as error:
        message = f"the file is not {mapping.encoding}: byte {error.start} cannot be read"
        raise Unreadable(message) from error
    if "\x00" in text:
        message = "the file has NUL characters: it is no text, or in another encoding"
        raise Unreadable(message)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    try:
        for _ in range(mapping.lines_before_header):
            next(reader, None)
        columns = [_plain(each) for each in next(reader, list[str]())]
        if lacking := [each for each in mapping.columns if each not in columns]:
            message = f"line {reader.line_num}: the header has no column {', '.join(lacking)}"
            raise Unreadable(message)
        if twice := [each for each in mapping.columns if columns.count(each) > 1]:
            message = f"line {reader.line_num}: the header has column {twice[0]} twice"
            raise Unreadable(message)
        count = 0
        for written in reader:
            where = f"line {reader.line_num}"
            fields = [_plain(each) for each in written]
            if not any(fields):
                continue
            if any(fields[0].startswith(word) for word in mapping.ends_at):
                break
            if len(fields) < len(columns):
                message = f"{where}: it has {len(fields)} fields, and the header {len(columns)}"
                raise Unreadable(message)
            count += 1
            if count > LINES_MAX:
                message = f"the file has over {LINES_MAX} lines: send it in parts"
                raise Unreadable(message)
            yield where, dict(zip(columns, fields, strict=False))
    except csv.Error as error:
        message = f"line {reader.line_num}: {error}"
        raise Unreadable(message) from error


def _plain(field: str) -> str:
    """Without what banks put around long numbers so that Excel keeps their digits."""
    text = field.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    return text.removeprefix("`")


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
    """With a sign before or behind it, or in brackets; with the currency beside it."""
    plain = _BESIDE.sub("", text).strip()
    sign = 1
    if plain.startswith("(") and plain.endswith(")"):
        sign, plain = -1, plain[1:-1]
    elif plain[:1] in {"-", "+", "\N{MINUS SIGN}"}:
        sign, plain = (1 if plain[0] == "+" else -1), plain[1:]
    elif plain[-1:] in {"-", "+"}:
        sign, plain = (1 if plain[-1] == "+" else -1), plain[:-1]
    return sign * micro_of(plain, decimal=mapping.decimal, group=mapping.group, where=where)


def _kind(amount_micro: int, text: str, mapping: CsvMapping) -> LineKind:
    is_return = any(word in text for word in mapping.return_words if word)
    if amount_micro >= 0:
        return LineKind.RETURNED_TO_US if is_return else LineKind.CREDIT
    if is_return:
        return LineKind.RETURN
    is_charge = any(word in text for word in mapping.charge_words if word)
    return LineKind.CHARGE if is_charge else LineKind.DEBIT
