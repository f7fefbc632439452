"""Topic ``ledger.charges.v1``: what the ledger has posted, so that others can verify it.

Keyed by the meter partition it came from, one event a batch: an event per charge on
``ledger.events.v1`` would double the traffic of the whole system (ADR 0003).
"""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import Event, Instant, Whole, outside_years


class PostedCharge(msgspec.Struct, frozen=True, array_like=True):
    """One period of an agreement as the ledger stands: totals, not deltas, so a repeat changes
    nothing.

    Of two for the same agreement and period the one with the higher ``version`` holds.
    """

    agreement_id: UUID
    account_id: UUID
    period_first: date
    """The period's first local day."""
    period_end: date
    """The local day after its last."""
    version: Whole
    standing_days: Whole
    """For how many days of the period standing charge is in ``total_micro``."""
    energy_wh: Whole
    total_micro: Whole
    last_read_at: Instant | None
    """The latest trusted reading of the agreement's meters that the ledger had by then."""

    def __post_init__(self) -> None:
        # An event's own instants are looked at where it is decoded; these are deeper.
        wrong = outside_years(self, ("last_read_at",))
        if wrong:
            raise ValueError(wrong)


class ChargesPosted(Event, frozen=True, kw_only=True):
    """The periods of agreements that one ledger batch moved."""

    ce_type: ClassVar[str] = "prewatt.ledger.charges-posted.v1"

    posted_at: Instant
    charges: tuple[PostedCharge, ...]
