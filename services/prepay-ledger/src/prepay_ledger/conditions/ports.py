"""What the use cases of conditions need, and what a supply review asks."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.conditions.values import Condition, Standing
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.cut_facts_v1 import ConditionKind


class ConditionStore(Protocol):
    """Conditions, and how they ended."""

    async def named(
        self, kind: ConditionKind, *, account_id: UUID | None, reference: str
    ) -> Condition | None:
        """The one of that kind and account, or of the utility, with that reference."""
        ...

    async def condition(self, condition_id: UUID) -> Condition | None: ...
    async def add(self, condition: Condition) -> bool:
        """Whether it is new: false where somebody else was quicker with the same reference."""
        ...

    async def end(self, condition_id: UUID, decided: Decided) -> bool:
        """Whether it was not ended before."""
        ...

    async def recheck(self, account_id: UUID, *, now: datetime) -> None:
        """The account's supply is decided about at once. Its row stays locked until our commit."""
        ...

    async def standing(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, Standing]:
        """Of those of the accounts that anything stands of; what stands of the utility stands of
        all of them."""
        ...


class HasConditions(Protocol):
    """A transaction that asks what stands."""

    conditions: ConditionStore


class Unit(HasConditions, HasBalances, HasFacts, Protocol):
    """A transaction in which a condition begins or ends."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
