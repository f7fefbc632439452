"""What estimating needs."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging import ports as charging
from prepay_ledger.estimates.values import Policy, Portion, UnderWay
from prepay_ledger.facts.ports import HasFacts


class EstimateStore(Protocol):
    """What the utility decided, how far a day's run came, and whom it comes to."""

    async def policy(self) -> Policy | None:
        """As it stands; none: it was never decided."""
        ...

    async def hold_policy(self) -> Policy | None:
        """As it stands; whoever else decides waits for our commit."""
        ...

    async def put_policy(self, policy: Policy) -> None: ...
    async def begin(self, day: date) -> UnderWay | None:
        """The run that is under way, or that of ``day`` by the policy if that is due, held until
        the transaction ends; none where nothing is due, or another replica has it."""
        ...

    async def run_day(self) -> date | None:
        """The last day whose run is done; none before the first."""
        ...

    async def go_on(self, after: UUID | None) -> None:
        """Where the run that is held goes on; none: it is done."""
        ...

    async def portion(
        self, *, after: UUID | None, silent_before_us: int | None, at_us: int, limit: int
    ) -> Portion:
        """Up to ``limit`` accounts of which something is estimated, or that a meter serves at
        ``at_us`` which may not have spoken since ``silent_before_us`` (none: the former alone)."""
        ...

    async def mark(self, meter_ids: Collection[str]) -> None:
        """The meters, which are held, are estimated: whoever has read them in between has to read
        them again."""
        ...


class Unit(charging.ParkingUnit, Protocol):
    """A transaction in which silent meters are estimated."""

    estimates: EstimateStore


class PolicyUnit(HasFacts, Protocol):
    """A transaction in which the utility decides."""

    estimates: EstimateStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
OpenPolicyUnit = Callable[[], AbstractAsyncContextManager[PolicyUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
