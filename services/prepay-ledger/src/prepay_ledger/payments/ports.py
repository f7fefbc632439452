"""What the use cases of payments need."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.debts.ports import SplittingUnit
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.mandates.ports import HasMandates
from prepay_ledger.payments.taken_back import Movement
from prepay_ledger.payments.values import (
    EventOutcome,
    KeptBody,
    KnownPayment,
    PaymentEventRow,
    PaymentOutcome,
    Resolution,
    Topup,
)
from prepay_ledger.refunds.ports import HasRefunds
from prepay_ledger.supply import ports as supply


class PaymentStore(Protocol):
    """Payments, and what people did with those in suspense."""

    async def lock_by_payment_id(self, *, provider: str, payment_id: str) -> KnownPayment | None:
        """The payment if it is known, its row locked too: whoever places or returns it waits.
        Whoever else brings the same one waits for our commit: two deliveries at once must not both
        find it unknown."""
        ...

    async def by_payment_id(self, *, provider: str, payment_id: str) -> KnownPayment | None: ...
    async def lock(self, payment: UUID) -> KnownPayment | None: ...
    async def add(self, known: KnownPayment, *, journal_id: int, at: datetime) -> None: ...
    async def add_credited(self, known: KnownPayment, topup: Topup, *, at: datetime) -> None:
        """A payment that goes to its account at once."""
        ...

    async def add_topup(self, payment: UUID, topup: Topup, *, at: datetime) -> None:
        """Where the payment went, which is stored by now."""
        ...

    async def movements(self, *, provider: str, payment_id: str) -> Sequence[Movement]:
        """What was told of the payment since, which the caller has locked."""
        ...

    async def add_movement(
        self,
        movement: Movement,
        *,
        provider: str,
        payment_id: str,
        happened_at: datetime | None,
        now: datetime,
    ) -> None: ...
    async def set_taken_back(self, payment: UUID, micro: int) -> None: ...
    async def resolution(self, payment: UUID) -> Resolution | None: ...
    async def resolve(
        self, payment: UUID, resolution: Resolution, *, outcome: PaymentOutcome
    ) -> None: ...


class PaymentEventStore(Protocol):
    """Signed events as they came."""

    async def lock(self, *, provider: str, event_id: str) -> Sequence[PaymentEventRow]:
        """What came under this id before, oldest first. Whoever else brings it waits for our
        commit."""
        ...

    async def add(
        self,
        row: PaymentEventRow,
        *,
        headers: Mapping[str, str],
        body: bytes,
        plain: bytes,
        at: datetime,
    ) -> None:
        """``plain``: ``body`` as it is read, which is another where the provider encrypts."""
        ...

    async def unpark(
        self, *, provider: str, payment_id: str, outcome: EventOutcome, reason: str
    ) -> None:
        """What waited for that payment is moved, or cannot be."""
        ...

    async def payment_of(self, event_id: UUID) -> tuple[str, str] | None:
        """The provider and its payment that the event tells of; nothing is locked."""
        ...

    async def lock_by_id(self, event_id: UUID) -> PaymentEventRow | None: ...
    async def body(self, event_id: UUID) -> KeptBody: ...
    async def change(
        self,
        after: PaymentEventRow,
        *,
        step: str,
        outcome_before: EventOutcome,
        who: str,
        reason: str,
        at: datetime,
    ) -> None:
        """Write how the event stands now, and who changed that and why."""
        ...


class Unit(SplittingUnit, HasFacts, HasMandates, HasProposals, HasRefunds, supply.Unit, Protocol):
    """A transaction in which money comes in, and supply is decided after it."""

    payments: PaymentStore
    payment_events: PaymentEventStore

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part of the transaction that is undone by itself where it raises."""
        ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
OpenHolding = Callable[[Sequence[str]], AbstractAsyncContextManager[Unit]]
"""The same, which holds locks of these names from its first statement on."""
