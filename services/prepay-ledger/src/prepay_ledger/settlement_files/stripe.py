"""Stripe's itemised reports (docs.stripe.com/reports/report-types): balance change from activity,
payout reconciliation. Amounts are decimals of the currency; each line says what is left after its
fee."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prepay_ledger.bank_files.amounts import currency_of, signed_micro_of
from prepay_ledger.bank_files.csv_mapping import CsvForm
from prepay_ledger.bank_files.csv_records import records_of
from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.settlement_files.fields import (
    NUMBER_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
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

_COLUMNS = ("balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category")
_TIME = "%Y-%m-%d %H:%M:%S"
_KINDS = {
    "charge": LineKind.PAYMENT,
    "charge_failure": LineKind.REVERSAL,
    "refund": LineKind.REFUND,
    "partial_capture_reversal": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILED,
    "dispute": LineKind.CHARGEBACK,
    "dispute_reversal": LineKind.CHARGEBACK_WON,
    "fee": LineKind.FEE,
    "network_cost": LineKind.FEE,
    "tax": LineKind.FEE,
    "payout": LineKind.PAYOUT,
    "payout_reversal": LineKind.PAYOUT,
}
_OUT = frozenset({LineKind.REVERSAL, LineKind.REFUND, LineKind.CHARGEBACK, LineKind.PAYOUT})
"""Of these Stripe writes the gross below zero."""


def read_stripe(body: bytes, expected: Expected) -> Lines:
    """Raises `Unreadable`."""
    return [_line(row, expected, where) for where, row in records_of(body, CsvForm(), _COLUMNS)]


def _line(row: Mapping[str, str], expected: Expected, where: str) -> SettledLine:
    gross, fee, net = (signed_micro_of(row[name], where=where) for name in ("gross", "fee", "net"))
    if gross - fee != net:
        message = f"{where}: gross {row['gross']} less fee {row['fee']} is not net {row['net']}"
        raise Unreadable(message)
    kind = _KINDS.get(row["reporting_category"], LineKind.OTHER)
    source = row.get("source_id", "") or row["balance_transaction_id"]
    payment_id = ""
    if kind in ABOUT_PAYMENTS:
        paid_by = (row.get("payment_intent_id"), row.get("charge_id"), row.get("source_id"))
        payment_id = id_of(next(filter(None, paid_by), ""), what="payment", where=where)
        _check_sign(kind, gross, where=where)
    amount = -gross if kind in _OUT else gross
    return SettledLine(
        kind=kind,
        payment_id=payment_id,
        movement_id=payment_id if kind is LineKind.PAYMENT else source,
        amount_micro=0 if kind is LineKind.FEE else amount,
        fee_micro=-net if kind is LineKind.FEE else fee,
        currency=currency_of(row["currency"].upper(), where=where),
        account_number=row.get("payment_metadata[account_number]", "")[:NUMBER_CHARACTERS_MAX],
        at=_at(row, expected, where=where),
        reference=" ".join(filter(None, (source, row.get("trace_id")))),
        text=" ".join(filter(None, (row["reporting_category"], row.get("description"))))[
            :TEXT_CHARACTERS_MAX
        ],
        place=where,
    )


def _check_sign(kind: LineKind, gross: int, *, where: str) -> None:
    if (gross < 0) != (kind in _OUT) or gross == 0:
        message = f"{where}: a {kind} of gross {gross} micro-units has the wrong sign"
        raise Unreadable(message)


def _at(row: Mapping[str, str], expected: Expected, *, where: str) -> datetime | None:
    """``created`` is in the zone of the report, ``created_utc`` in UTC."""
    if told := row.get("created_utc"):
        return instant_of(told, form=_TIME, zone=expected.days.zone, where=where).replace(
            tzinfo=UTC
        )
    told = row.get("created") or row.get("effective_at")
    return instant_of(told, form=_TIME, zone=expected.days.zone, where=where) if told else None
