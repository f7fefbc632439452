"""What the use cases of deposits need."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.debts.ports import PostingUnit
from prepay_ledger.deposits.values import Deposit, Step
from prepay_ledger.facts.ports import HasFacts


class DepositStore(Protocol):
    """Deposits, and what was done with them. Whoever changes one has its account locked."""

    async def add(self, deposit: Deposit) -> bool:
        """False where that paper of that issuer is held already."""
        ...

    async def deposit(self, deposit_id: UUID) -> Deposit | None: ...
    async def cash_left_of(self, account_id: UUID) -> Sequence[Deposit]:
        """What the account has in cash of which something is left, the oldest first."""
        ...

    async def put(self, deposit: Deposit) -> None:
        """What of it was drawn, received and released."""
        ...

    async def asked_as(self, key: str, *, who: str) -> Step | None:
        """What the person did under that key."""
        ...

    async def add_step(self, step: Step) -> None: ...


class Unit(PostingUnit, HasBalances, HasFacts, HasProposals, Protocol):
    """A transaction about a deposit."""

    deposits: DepositStore


UnitT = TypeVar("UnitT", bound=Unit)
Review = Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]]
"""Decides the supply of accounts anew, in the transaction that moved their balances."""
OpenUnit = Callable[[], AbstractAsyncContextManager[UnitT]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
