"""What debts need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.debts.values import (
    Collected,
    Corrected,
    Debt,
    Origin,
    PaidByTopup,
    Standing,
)
from prepay_ledger.events import Publishes
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.prepay_agreements.ports import HasPrepayAgreements
from prepay_ledger.tariffs.ports import HasTariffs
from prewatt_common.contracts.ledger_events_v1 import DebtNews


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

    async def lock_origin(self, origin: Origin) -> Sequence[Debt]:
        """All debts of the origin, paid ones too, the oldest first, likewise locked."""
        ...

    async def corrected(self, origin: Origin) -> Corrected:
        """What its corrections have come to; the caller holds its account."""
        ...

    async def standings(self, agreement_ids: Collection[UUID]) -> Mapping[Origin, Standing]:
        """What the periods of agreements came to that had differences before; nothing is locked."""
        ...

    async def put_corrected(self, origin: Origin, account_id: UUID, now: Corrected) -> None:
        """In place of what it was."""
        ...

    async def due_accounts(
        self, tariff_code: str, today: date, *, after: UUID | None, limit: int
    ) -> Sequence[UUID]:
        """Accounts of the tariff with an instalment up to ``today`` that is not paid, in the order
        of their ids."""
        ...

    async def collected(self, account_id: UUID) -> Sequence[Collected]:
        """What the customer's bank was asked for of the account's debts, and has paid or may pay
        yet; the caller holds the account."""
        ...

    async def tariff_codes(self, agreement_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """By what tariff each of the agreements is."""
        ...

    async def supply_back_at(self, account_ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """When supply came back the last time, of those accounts that it was off or limited for and
        came back to."""
        ...

    async def paid_by_topups_micro(self, account_id: UUID, *, since: datetime) -> int:
        """What top-ups that were credited since have paid of the account's debts, without what is
        owed again of them."""
        ...

    async def paid_by_topup(self, account_id: UUID, payment: UUID) -> Sequence[PaidByTopup]:
        """What that payment (ours of its ids) paid of the account's debts, by their ids."""
        ...

    async def put_amount(self, debt: Debt) -> None:
        """More is owed by it."""
        ...

    async def put_lowered(self, debt: Debt) -> None:
        """What corrections took off it, and whether anything is left."""
        ...

    async def account_of(self, debt_id: UUID) -> UUID | None:
        """Whose the debt is; none where there is no such debt."""
        ...

    async def put_pause(self, debt: Debt) -> None:
        """Until when nothing is paid of it."""
        ...

    async def put_written_off(self, debt: Debt) -> None:
        """What people have written off of it."""
        ...

    async def put_plan(self, debt: Debt) -> None:
        """In place of the plan before."""
        ...

    async def put_paid(self, debt: Debt) -> None: ...


class NewsStore(Protocol):
    """What customers are still to be told. The caller of all but `due` holds the account."""

    async def add(self, account_id: UUID, news: DebtNews, micro: int, *, at: datetime) -> None:
        """So much more is to be told."""
        ...

    async def cancel(self, account_id: UUID, news: DebtNews, micro: int, *, at: datetime) -> int:
        """What was not told yet is not to be told any more, so much at most; gives how much."""
        ...

    async def due(
        self,
        news: DebtNews,
        *,
        quiet_since: datetime,
        told_before: datetime,
        after: UUID | None,
        limit: int,
    ) -> Sequence[UUID]:
        """Accounts with something to tell that has not changed since then, and of which nothing was
        told since ``told_before``, in the order of their ids."""
        ...

    async def take(self, account_id: UUID, news: DebtNews, *, at: datetime) -> int:
        """What is to be told, which is told with this transaction; 0: nothing."""
        ...


class Parts(Protocol):
    """A transaction with parts."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part that is undone by itself where it raises."""
        ...


class HasDebts(Publishes, Protocol):
    """A transaction about debts."""

    debts: DebtStore


class DaysUnit(HasDebts, HasTariffs, Protocol):
    """One that knows what day it is for a debt."""


class HasDebtNews(Protocol):
    """A transaction that keeps what customers are to be told."""

    debt_news: NewsStore


class PostingUnit(HasDebts, HasDebtNews, HasJournals, Protocol):
    """One in which money moves between a balance and a debt."""


class WriteOffUnit(PostingUnit, HasBalances, HasFacts, HasProposals, Protocol):
    """One in which two people write something off."""


class PayingUnit(PostingUnit, HasBalances, Protocol):
    """One in which a balance is asked for what is due."""


class TermsUnit(HasPolicies, HasPrepayAgreements, Protocol):
    """One that knows the policy of accounts' classes."""


class SplittingUnit(TermsUnit, PayingUnit, DaysUnit, Protocol):
    """One in which corrected bills are split, or debts are paid off."""


class PlanningUnit(TermsUnit, DaysUnit, HasBalances, HasFacts, Protocol):
    """One in which a person agrees on instalments."""


class ManyUnit(SplittingUnit, Parts, Protocol):
    """One in which many are told or asked for what is due, and one that raises is left out."""


OpenManyUnit = Callable[[], AbstractAsyncContextManager[ManyUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
OpenWriteOffUnit = Callable[[], AbstractAsyncContextManager[WriteOffUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
OpenUnit = Callable[[], AbstractAsyncContextManager[PlanningUnit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
