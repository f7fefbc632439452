"""What the use cases of payouts need."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.payouts.values import Payout, PayoutKey, Step


class PayoutStore(Protocol):
    """Payouts, and what people did about them. A line of the bank is locked before its payout."""

    async def of_day(self, provider: str, day: date) -> Sequence[Payout]:
        """All that any file of the day had, their rows locked."""
        ...

    async def add(self, payouts: Sequence[Payout]) -> None: ...
    async def change(self, changed: Payout) -> None:
        """Write how it stands now."""
        ...

    async def expected(self, currency: str | None) -> Sequence[Payout]:
        """Those that wait for a line of the bank, the oldest first; none: of any currency. Nothing
        is locked."""
        ...

    async def lock(self, payout_id: UUID) -> Payout | None: ...
    async def by_id(self, payout_id: UUID) -> Payout | None:
        """Without any lock."""
        ...

    async def lines_to_match(self, key: PayoutKey, *, since: date) -> Sequence[UUID]:
        """Lines of the bank of its amount and currency, booked on ``since`` or later, that came
        before it was known and that no person has said of that they are not it; nothing is
        locked."""
        ...

    async def step_of_key(self, key: str) -> tuple[UUID, Step] | None:
        """With the payout that it was done with."""
        ...

    async def add_step(self, payout_id: UUID, step: Step) -> None: ...


class HasPayouts(Protocol):
    """A transaction about payouts."""

    payouts: PayoutStore
