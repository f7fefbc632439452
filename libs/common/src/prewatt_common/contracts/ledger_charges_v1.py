"""Topic ``ledger.charges.v1``: what the ledger has posted, so that others can verify it.

Keyed by the meter partition it came from, one event a batch: an event per charge on
``ledger.events.v1`` would double the traffic of the whole system (ADR 0003).
"""

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import (
    INSTANT_YEARS,
    Event,
    Instant,
    MeterId,
    Whole,
    outside_years,
)


class PostedBalance(msgspec.Struct, frozen=True, array_like=True):
    """An account's balance as a movement left it in the database. Of two the one with the higher
    ``number`` is newer."""

    account_id: UUID
    number: Whole
    balance_micro: int


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
    balance_number: Whole | None = None
    """Of the account's balance, as in `PostedBalance`; none where it has not moved."""
    balance_micro: int | None = None

    def __post_init__(self) -> None:
        # An event's own instants are looked at where it is decoded; these are deeper, and many.
        if self.last_read_at is not None and self.last_read_at.year not in INSTANT_YEARS:
            raise ValueError(outside_years(self, ("last_read_at",)))


class EstimatedMeter(msgspec.Struct, frozen=True, array_like=True):
    """A silent meter, and its latest trusted reading, from which on its use is estimated."""

    meter_id: MeterId
    since: Instant

    def __post_init__(self) -> None:
        wrong = outside_years(self, ("since",))
        if wrong:
            raise ValueError(wrong)


class PostedEstimate(msgspec.Struct, frozen=True, array_like=True):
    """What is estimated of one period of an agreement, in no total and no balance of this topic:
    totals, not deltas. Without meters nothing is: it was taken back.

    Of two for the same agreement and period the one with the higher ``version`` holds.
    """

    agreement_id: UUID
    account_id: UUID
    period_first: date
    period_end: date
    version: Whole
    energy_wh: Whole
    total_micro: Whole
    meters: tuple[EstimatedMeter, ...]
    """All whose use is estimated; a trusted reading of any takes the estimate back."""


class ChargesPosted(Event, frozen=True, kw_only=True):
    """The periods of agreements that one ledger batch moved, with the balances of their accounts:
    totals say what is owed, balances what was taken."""

    ce_type: ClassVar[str] = "prewatt.ledger.charges-posted.v1"

    posted_at: Instant
    charges: tuple[PostedCharge, ...]
    balances: tuple[PostedBalance, ...] = ()
    """Those that moved without a charge of theirs; there should be none."""
    estimates: tuple[PostedEstimate, ...] = ()
    """Apart from all of these. One that ends does so in the event of what replaces it."""
