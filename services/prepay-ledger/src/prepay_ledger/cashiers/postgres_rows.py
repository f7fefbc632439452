"""Rows of cashiers' days and hand-overs, as values."""

from typing import Any

from sqlalchemy import RowMapping, Select, select

from prepay_ledger.cashiers.tables import (
    cash_count,
    cash_count_outcome,
    cash_day,
    cash_hand_over,
    cash_receipt,
)
from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    DayState,
    Destination,
    HandOver,
    Outcome,
    OutcomeAction,
    Receipt,
)
from prepay_ledger.vending.tables import vendor

_DAY = ("id", "vendor_id", "seller", "business_day", "currency", "expected_micro", "hand_over_id")
_COUNT = ("id", "key", "expected_micro", "counted_micro", "who", "reason", "at")
_OUTCOME = ("key", "who", "reason", "journal_id", "at")
_HAND_OVER = (
    "id", "key", "vendor_id", "vendor_code", "seller", "currency", "amount_micro", "receiver",
    "slip", "who", "journal_id", "at",
)  # fmt: skip
_RECEIPT = ("id", "key", "received_micro", "who", "reason", "journal_id", "at")


def days() -> Select[Any]:
    """Days with their desks, and with all their counts and what came of those."""
    counts = [cash_count.c[name].label(f"count_{name}") for name in _COUNT]
    outcomes = [
        cash_count_outcome.c[name].label(f"outcome_{name}") for name in ("action", *_OUTCOME)
    ]
    joined = (
        cash_day.join(vendor, vendor.c.id == cash_day.c.vendor_id)
        .outerjoin(cash_count, cash_count.c.cash_day_id == cash_day.c.id)
        .outerjoin(cash_count_outcome, cash_count_outcome.c.count_id == cash_count.c.id)
    )
    code = vendor.c.code.label("vendor_code")
    return select(cash_day, code, *counts, *outcomes).select_from(joined)


def latest_counts() -> Select[Any]:
    """Likewise, each day once, with its latest count."""
    later = cash_count.alias()
    is_later = (later.c.cash_day_id == cash_day.c.id) & (later.c.id > cash_count.c.id)
    is_followed = select(later.c.id).where(is_later).correlate(cash_day, cash_count).exists()
    return days().where(~is_followed)


def hand_overs() -> Select[Any]:
    """Hand-overs with their desks, and with their receipts where there are any."""
    receipts = [cash_receipt.c[name].label(f"receipt_{name}") for name in _RECEIPT]
    joined = cash_hand_over.join(vendor, vendor.c.id == cash_hand_over.c.vendor_id).outerjoin(
        cash_receipt, cash_receipt.c.hand_over_id == cash_hand_over.c.id
    )
    code = vendor.c.code.label("vendor_code")
    return select(cash_hand_over, code, *receipts).select_from(joined)


def to_day(row: RowMapping) -> CashDay:
    """A day from a row of `days`."""
    count = outcome = None
    if row["outcome_action"] is not None:
        outcome = Outcome(
            **{name: row[f"outcome_{name}"] for name in _OUTCOME},
            action=OutcomeAction(row["outcome_action"]),
        )
    if row["count_id"] is not None:
        count = Count(**{name: row[f"count_{name}"] for name in _COUNT}, outcome=outcome)
    return CashDay(
        **{name: row[name] for name in _DAY},
        vendor_code=row["vendor_code"],
        state=DayState(row["state"]),
        count=count,
    )


def to_hand_over(row: RowMapping) -> HandOver:
    """A hand-over from a row of `hand_overs`."""
    receipt = None
    if row["receipt_id"] is not None:
        receipt = Receipt(**{name: row[f"receipt_{name}"] for name in _RECEIPT})
    return HandOver(
        **{name: row[name] for name in _HAND_OVER},
        destination=Destination(row["destination"]),
        receipt=receipt,
    )
