"""What charging for late days needs."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.balances.values import Account
from prepay_ledger.events import Publishes
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.late_charges.values import (
    Charged,
    Ground,
    LateChargeRow,
    Looked,
    Reminder,
    Waiver,
)
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.prepay_agreements.ports import HasPrepayAgreements
from prepay_ledger.supply import ports as supply


class LateChargeStore(Protocol):
    """Late charges and what of them was given up: written once, never changed."""

    async def due(
        self, today: date, *, without: Collection[UUID] = (), limit: int
    ) -> Sequence[UUID]:
        """Accounts, other than ``without``, that are to be looked at by then and were not looked at
        today, the longest waiting first; nothing is locked."""
        ...

    async def still_due(self, account_ids: Sequence[UUID], today: date) -> Sequence[UUID]:
        """Those of them that nobody has looked at meanwhile. Their rows are locked."""
        ...

    async def grounds(self, accounts: Sequence[Account], *, zone: ZoneInfo) -> Sequence[Ground]:
        """Of post-paid accounts whose rows are locked, in that order."""
        ...

    async def add(self, rows: Sequence[LateChargeRow]) -> None: ...
    async def add_reminders(self, reminders: Sequence[Reminder]) -> None: ...
    async def looked(self, looked: Sequence[Looked]) -> None: ...
    async def forget(self, account_ids: Collection[UUID]) -> None:
        """They are not looked at before something asks for it."""
        ...

    async def of_statement(self, statement_id: UUID) -> Charged | None:
        """None where nothing was charged for it. Nothing is locked."""
        ...

    async def waiver(self, key: str, *, who: str) -> Waiver | None:
        """The one that ``who`` asked for under that Idempotency-Key."""
        ...

    async def add_waiver(self, waiver: Waiver) -> None:
        """Raises `KeyUsedBefore` where the person used the key meanwhile."""
        ...


class HasLateCharges(Protocol):
    """A transaction that knows late charges."""

    late_charges: LateChargeStore


class SweepUnit(
    HasLateCharges,
    HasBalances,
    HasJournals,
    HasPayLinks,
    HasPolicies,
    HasPrepayAgreements,
    Publishes,
    Protocol,
):
    """A transaction in which accounts are charged."""


class Unit(HasLateCharges, supply.Unit, HasBalances, HasJournals, HasProposals, Protocol):
    """A transaction in which something is given up, and supply is decided after it."""


OpenSweepUnit = Callable[[], AbstractAsyncContextManager[SweepUnit]]
OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
