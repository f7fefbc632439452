"""What of a period's charge is in no entry yet, and what its entry says."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeAlias
from uuid import UUID

from prepay_ledger.charging.postings import difference
from prepay_ledger.journal.values import Entry

PeriodKey: TypeAlias = tuple[UUID, date]
"""An agreement, and a period's first day."""


@dataclass(frozen=True, kw_only=True)
class Unentered:
    """A period that was charged in a posting day: micro-units by ledger account.

    ``entered``: what entries say of it. The posting day went from ``base`` to ``posted``; ``base``
    is another than ``entered`` where the posting day before waits for its entries still
    (``is_before_left``).
    """

    agreement_id: UUID
    period_first: date
    account_id: UUID
    currency: str
    entered: dict[str, int]
    base: dict[str, int]
    posted: dict[str, int]
    delta_wh: int
    is_before_left: bool = False

    @property
    def key(self) -> PeriodKey:
        """What tells it from other periods."""
        return self.agreement_id, self.period_first

    @cached_property
    def delta(self) -> dict[str, int]:
        """What its entry is to say, by ledger account."""
        return difference(self.base, self.posted)

    @property
    def delta_micro(self) -> int:
        """What the account was charged more; below 0: less."""
        return sum(self.delta.values())

    @property
    def entered_then(self) -> dict[str, int]:
        """What entries say once its own is written."""
        names = {**self.entered, **self.delta}
        then = {n: self.entered.get(n, 0) + self.delta.get(n, 0) for n in names}
        return {name: micro for name, micro in then.items() if micro}

    @property
    def entry(self) -> Entry:
        """The customer's side."""
        return Entry(
            self.account_id, -self.delta_micro, self.agreement_id, self.period_first, self.delta_wh
        )
