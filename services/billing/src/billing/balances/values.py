"""What an account was given, and how its balance stands. Money in micro-units."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

PATIENCE = timedelta(minutes=10)
"""For how long a balance that goes on moving may be unlike what it comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money that an account was given: a payment, or what it brought with it. ``source`` tells it
    from the account's others; the balance is the ledger's after it, and of two balances the one
    with the higher number is newer. ``paid_at``: of a top-up, when it was credited."""

    account_id: UUID
    source: str
    amount_micro: int
    balance_number: int
    balance_micro: int
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceDifference:
    """An account whose balance is not what credits less charges come to (``ours_micro``).
    ``since``: when it was first seen unlike; ``changed_at``: since when it is by this much."""

    account_id: UUID
    account_number: str | None
    currency: str | None
    ours_micro: int
    theirs_micro: int
    since: datetime
    changed_at: datetime

    @property
    def difference_micro(self) -> int:
        """What the ledger has more; less where it is below zero."""
        return self.theirs_micro - self.ours_micro
