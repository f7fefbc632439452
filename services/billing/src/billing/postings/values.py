"""What the ledger has posted for a period of an agreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The ledger's period as it last told: energy in Wh, total in micro-units. ``changed_at`` is
    when billing heard of it."""

    account_id: UUID
    period_end: date
    standing_days: int
    energy_wh: int
    total_micro: int
    last_read_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """What the ledger estimates of a period, in none of its totals; ``meters``: the silent ones,
    with the latest trusted reading of each. ``changed_at`` is when billing heard of it."""

    account_id: UUID
    period_end: date
    energy_wh: int
    total_micro: int
    meters: Mapping[str, datetime]
    changed_at: datetime
