"""Rows of payouts, as values, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from prepay_ledger.payouts.values import Action, FoundBy, Payout, PayoutKey, PayoutState, Step

KEY = tuple(PayoutKey.__dataclass_fields__)
_PLAIN = ("id", "stands", "found_at", "bank_line", "match_id", "difference_micro", "reason")


def to_payout(row: RowMapping) -> Payout:
    """From its row."""
    return Payout(
        **{name: row[name] for name in _PLAIN},
        key=PayoutKey(**{name: row[name] for name in KEY}),
        state=PayoutState(row["state"]),
        found_by=FoundBy(row["found_by"]),
    )


def payout_values(payout: Payout) -> dict[str, Any]:
    """As its row has them."""
    values = {name: getattr(payout, name) for name in (*_PLAIN, "state", "found_by")}
    return values | asdict(payout.key)


def to_step(row: RowMapping) -> Step:
    """From its row."""
    return Step(
        key=row["key"],
        action=Action(row["action"]),
        bank_line=row["bank_line"],
        who=row["who"],
        reason=row["reason"],
        state_before=PayoutState(row["state_before"]),
        at=row["at"],
    )
