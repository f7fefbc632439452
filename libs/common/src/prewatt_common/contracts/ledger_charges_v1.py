"""Topic ``ledger.charges.v1``: what the ledger has posted, so that others can verify it.

Keyed by the meter partition it came from, one event a batch: an event per charge on
``ledger.events.v1`` would double the traffic of the whole system (ADR 0003).
"""

from typing import ClassVar
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import (
    Event,
    Instant,
    MeterId,
    Month,
    RegisterWh,
    Whole,
    outside_years,
)


class PostedCharge(msgspec.Struct, frozen=True, array_like=True):
    """One meter-month as the ledger stands: totals, not deltas, so a repeat changes nothing.

    Of two for the same binding and month the one with the higher ``version`` holds.
    """

    binding_id: UUID
    account_id: UUID
    meter_id: MeterId
    month: Month
    version: Whole
    import_wh: RegisterWh
    """The highest register accepted in the month."""
    last_read_at: Instant
    energy_wh: Whole
    total_micro: Whole

    def __post_init__(self) -> None:
        # An event's own instants are looked at where it is decoded; these are deeper.
        wrong = outside_years(self, ("last_read_at",))
        if wrong:
            raise ValueError(wrong)


class ChargesPosted(Event, frozen=True, kw_only=True):
    """The meter-months one ledger batch moved."""

    ce_type: ClassVar[str] = "prewatt.ledger.charges-posted.v1"

    posted_at: Instant
    charges: tuple[PostedCharge, ...]
