"""What debts need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.debts.values import Debt
from prepay_ledger.events import Publishes
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.journal.ports import HasJournals


class DebtStore(Protocol):
    """Debts with their instalments."""

    async def add(self, debt: Debt) -> bool:
        """Whether it is new: of a source there is one."""
        ...

    async def lock(self, debt_id: UUID) -> Debt | None:
        """The debt, its row locked until the transaction ends."""
        ...

    async def lock_of(self, account_id: UUID) -> Sequence[Debt]:
        """What the account still owes, the oldest first, likewise locked."""
        ...

    async def put_plan(self, debt: Debt) -> None:
        """In place of the plan before."""
        ...

    async def put_paid(self, debt: Debt) -> None: ...


class HasDebts(Publishes, Protocol):
    """A transaction about debts."""

    debts: DebtStore


class PostingUnit(HasDebts, HasJournals, Protocol):
    """One in which money moves between a balance and a debt."""


class PayingUnit(PostingUnit, HasBalances, Protocol):
    """One in which a balance is asked for what is due."""


class PlanningUnit(HasDebts, HasFacts, Protocol):
    """One in which a person agrees on instalments."""


OpenUnit = Callable[[], AbstractAsyncContextManager[PlanningUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
