"""What the use cases of deposits need."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.debts.ports import PostingUnit
from prepay_ledger.deposits.values import Deposit, MatchedStep, Step
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
    async def of_papers(self, references: Sequence[str]) -> Sequence[Deposit]:
        """Guarantees by the numbers of their papers, in lower case, the oldest first."""
        ...

    async def waiting_step(self, deposit_id: UUID, micro: int) -> Step | None:
        """The oldest by which so much came to the bank, or went from it where that is below zero,
        and that no line of the bank is known to be."""
        ...

    async def match(self, matched: MatchedStep) -> None: ...
    async def step_of_line(self, line_id: UUID) -> Step | None:
        """The one that the line of the bank is."""
        ...


class HasDeposits(Protocol):
    """A transaction that knows what is held."""

    deposits: DepositStore


class Unit(PostingUnit, HasBalances, HasFacts, HasProposals, HasDeposits, Protocol):
    """A transaction about a deposit."""


UnitT = TypeVar("UnitT", bound=Unit)
Review = Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]]
"""Decides the supply of accounts anew, in the transaction that moved their balances."""
OpenUnit = Callable[[], AbstractAsyncContextManager[UnitT]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
