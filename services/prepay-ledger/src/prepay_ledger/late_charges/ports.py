"""What charging for late days needs."""

from collections.abc import Callable, Sequence
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
from prepay_ledger.late_charges.values import Charged, Ground, LateChargeRow, Reminder, Waiver
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.prepay_agreements.ports import HasPrepayAgreements
from prepay_ledger.supply import ports as supply


class LateChargeStore(Protocol):
    """Late charges and what of them was given up: written once, never changed."""

    async def due(self, through: date, *, limit: int) -> Sequence[UUID]:
        """Post-paid accounts with a statement that was due by ``through`` and that were not
        looked at for it; nothing is locked."""
        ...

    async def ground(self, account: Account, *, zone: ZoneInfo) -> Ground | None:
        """Of an account whose row is locked; none where it is post-paid no more."""
        ...

    async def add(self, row: LateChargeRow) -> None: ...
    async def add_reminder(self, reminder: Reminder) -> None: ...
    async def looked(self, account_id: UUID, *, through: date, paid_micro: int) -> None:
        """It was looked at for all days up to ``through``. ``paid_micro``: what has been paid of
        late charges before what was used, where the policy has it so."""
        ...

    async def looked_through(self, account_id: UUID) -> date | None:
        """The last day for which it was looked at."""
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
    """A transaction in which an account is charged."""


class Unit(HasLateCharges, supply.Unit, HasBalances, HasJournals, HasProposals, Protocol):
    """A transaction in which something is given up, and supply is decided after it."""


OpenSweepUnit = Callable[[], AbstractAsyncContextManager[SweepUnit]]
OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
