"""Any provider's CSV, by the mapping of that provider."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from prepay_ledger.bank_files.amounts import currency_of, signed_micro_of
from prepay_ledger.bank_files.csv_records import records_of
from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping, TotalsRow
from prepay_ledger.settlement_files.fields import (
    NUMBER_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    check_total,
    id_of,
    instant_of,
)
from prepay_ledger.settlement_files.values import (
    ABOUT_PAYMENTS,
    Expected,
    LineKind,
    Lines,
    SettledLine,
)

_Row = tuple[str, Mapping[str, str]]


def read_csv(body: bytes, expected: Expected, mapping: SettlementMapping) -> Lines:
    """Raises `Unreadable`."""
    rows = list(records_of(body, mapping, mapping.columns))
    if mapping.totals is not None:
        rows = _without_totals(rows, mapping, mapping.totals)
    return [_line(row, expected, mapping, where) for where, row in rows]


def _without_totals(
    rows: Sequence[_Row], mapping: SettlementMapping, totals: TotalsRow
) -> Sequence[_Row]:
    told = [row for row in rows if row[1][totals.column] == totals.word]
    rest = [row for row in rows if row[1][totals.column] != totals.word]
    if len(told) != 1:
        message = f"the file has {len(told)} lines of totals ({totals.column}: {totals.word})"
        raise Unreadable(message)
    ((where, total),) = told
    for column in filter(None, (mapping.amount, mapping.fee, mapping.net)):
        found = sum(_micro(row, column, mapping, line) for line, row in rest)
        check_total(_micro(total, column, mapping, where), found, what=column, where=where)
    if totals.count is not None and total[totals.count] != str(len(rest)):
        message = f"{where}: it says {total[totals.count][:20]!r} lines, and there are {len(rest)}"
        raise Unreadable(message)
    return rest


def _line(
    row: Mapping[str, str], expected: Expected, mapping: SettlementMapping, where: str
) -> SettledLine:
    amount, fee = _micro(row, mapping.amount, mapping, where), 0
    if mapping.fee is not None:
        fee = _micro(row, mapping.fee, mapping, where)
    if mapping.net is not None and amount - fee != _micro(row, mapping.net, mapping, where):
        message = f"{where}: {mapping.amount} less the fee is not {mapping.net}"
        raise Unreadable(message)
    kind = _kind(row, mapping, amount)
    payment_id = row[mapping.payment_id]
    if kind in ABOUT_PAYMENTS:
        payment_id = id_of(payment_id, what=mapping.payment_id, where=where)
    own = row[mapping.movement_id] if mapping.movement_id else ""
    zone = ZoneInfo(mapping.zone) if mapping.zone else expected.days.zone
    told_at = row[mapping.time] if mapping.time else ""
    if kind is LineKind.FEE:
        amount, fee = 0, fee or abs(amount)
    if not amount and kind is not LineKind.FEE:
        message = f"{where}: a {kind} of nothing"
        raise Unreadable(message)
    return SettledLine(
        kind=kind,
        payment_id=payment_id,
        movement_id=payment_id if kind is LineKind.PAYMENT else own or payment_id,
        amount_micro=amount if kind is LineKind.OTHER else abs(amount),
        fee_micro=fee,
        currency=mapping.currency or currency_of(row[mapping.currency_column or ""], where=where),
        account_number=row[mapping.account_number][:NUMBER_CHARACTERS_MAX]
        if mapping.account_number
        else "",
        at=instant_of(told_at, form=mapping.time_form, zone=zone, where=where) if told_at else None,
        reference=row[mapping.reference] if mapping.reference else "",
        text=row[mapping.text][:TEXT_CHARACTERS_MAX] if mapping.text else "",
        place=where,
    )


def _kind(row: Mapping[str, str], mapping: SettlementMapping, amount: int) -> LineKind:
    if mapping.kind is None:
        return LineKind.PAYMENT if amount > 0 else LineKind.REFUND
    said, words = row[mapping.kind.column], mapping.kind
    named = {
        LineKind.PAYMENT: words.payment,
        LineKind.REFUND: words.refund,
        LineKind.REVERSAL: words.reversal,
        LineKind.CHARGEBACK: words.chargeback,
        LineKind.CHARGEBACK_WON: words.chargeback_won,
        LineKind.FEE: words.fee,
        LineKind.PAYOUT: words.payout,
    }
    return next((kind for kind, each in named.items() if said in each), LineKind.OTHER)


def _micro(row: Mapping[str, str], column: str, mapping: SettlementMapping, where: str) -> int:
    text = row[column]
    if not text:
        return 0
    return signed_micro_of(text, decimal=mapping.decimal, group=mapping.group, where=where)
