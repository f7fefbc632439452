"""What the use cases need of the outside, all inside one transaction: a `Unit`."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from prepay_ledger.domain.accounts import (
    Account,
    NewBinding,
    Payment,
    PaymentOutcome,
    TariffBook,
    Terms,
)
from prepay_ledger.domain.charging import BindingState, Charged, PostedMonth, Reading
from prepay_ledger.domain.journal import Journal
from prepay_ledger.domain.payment_events import EventOutcome
from prepay_ledger.domain.supply import CommandOutcome, Decision
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.kafka.messages import Message
from prewatt_metering.monthly.tariffs import TariffVersion


@dataclass(frozen=True, slots=True)
class SupplyView:
    """An account locked for a supply decision."""

    account: Account
    meter_ids: tuple[str, ...]
    """The meters that serve it now."""
    outcome: CommandOutcome
    """Of the last decision's commands."""
    last_action: RelayAction | None
    """What they asked for."""
    failed_at: datetime | None
    """When the last of them failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReview:
    """The state an account is in from now on, and when it is looked at next."""

    account_id: UUID
    state: SupplyState
    review_at_micro: int | None
    recheck_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """A decision that changed something, with all it rests on."""

    id: UUID
    account_id: UUID
    decision: Decision
    inputs: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A relay command to be issued with a decision."""

    id: UUID
    decision_id: UUID
    account_id: UUID
    meter_id: str
    action: RelayAction
    sequence: int
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandProgress:
    """A command moved on."""

    command_id: UUID
    status: CommandStatus
    relay: RelayState | None
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CommandRecorded:
    """A command's row after progress was recorded."""

    account_id: UUID
    action: RelayAction
    status: CommandStatus
    caused_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPayment:
    """A payment as it stands. ``reason``: why it went to suspense, empty where it did not."""

    id: UUID
    """Ours; the provider's own is ``payment.payment_id``."""
    payment: Payment
    outcome: PaymentOutcome
    reason: str
    account_id: UUID | None
    """Who has the money."""


class ResolutionAction(StrEnum):
    """What a person did with money in suspense."""

    ASSIGNED = "assigned"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Where money in suspense went, who said so, and why."""

    action: ResolutionAction
    account_id: UUID | None
    who: str
    reason: str
    journal_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEventRow:
    """A signed event as it is kept, without its body. ``open``: not applied, and no person has
    dealt with it."""

    id: UUID
    """Ours; the provider's own is ``event_id``."""
    provider: str
    event_id: str
    body_sha256: bytes
    type: str | None
    payment_id: str | None
    outcome: EventOutcome
    reason: str
    open: bool


class ChargingStore(Protocol):
    """Bindings, their months, and readings that have no binding."""

    async def begin_batch(self) -> None:
        """To be called before a batch of readings looks for bindings."""
        ...

    async def wait_for_batches(self) -> None:
        """Until every batch under way has committed; the next ones wait for our commit. So no
        reading is put aside for want of a binding that is being made."""
        ...

    async def bindings_of(self, meter_ids: Sequence[str]) -> Sequence[BindingState]: ...
    async def closed_months(
        self, binding_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[PostedMonth]]: ...
    async def save(self, charged: Sequence[Charged]) -> None: ...
    async def keep_unbound(self, readings: Sequence[tuple[str, Reading]]) -> None: ...
    async def take_unbound(self, meter_ids: Sequence[str]) -> dict[str, list[Reading]]:
        """Remove and give the kept readings that a binding of the meters covers by now."""
        ...


class JournalStore(Protocol):
    """Journals and what they do to balances."""

    async def post(self, journal: Journal, *, at: datetime) -> tuple[int, Sequence[UUID]]:
        """The journal's id, and the accounts whose balance now calls for a supply review."""
        ...


class AccountStore(Protocol):
    """Accounts, bindings and tariffs."""

    async def tariffs(self) -> TariffBook: ...
    async def add_tariff(self, version: TariffVersion, *, at: datetime) -> bool: ...
    async def add_account(self, account: Account) -> bool: ...
    async def account(self, account_id: UUID) -> Account | None: ...
    async def lock(self, account_id: UUID) -> Account | None: ...
    async def lock_by_number(self, number: str) -> Account | None: ...
    async def change_terms(self, account_id: UUID, terms: Terms) -> bool: ...
    async def begin_binding(self) -> None:
        """Whoever else binds meters waits for our commit."""
        ...

    async def add_binding(self, binding: NewBinding) -> None: ...
    async def end_binding(self, binding_id: UUID, *, at: datetime) -> None: ...
    async def lock_bindings(self, meter_id: str) -> Sequence[NewBinding]: ...


class PaymentStore(Protocol):
    """Payments, and what people did with those in suspense."""

    async def lock_by_payment_id(self, *, provider: str, payment_id: str) -> KnownPayment | None:
        """The payment if it is known. Whoever else brings the same one waits for our commit: two
        deliveries at once must not both find it unknown."""
        ...

    async def by_payment_id(self, *, provider: str, payment_id: str) -> KnownPayment | None: ...
    async def lock(self, payment: UUID) -> KnownPayment | None: ...
    async def add(self, known: KnownPayment, *, journal_id: int, at: datetime) -> None: ...
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
        self, row: PaymentEventRow, *, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> None: ...
    async def lock_by_id(self, event_id: UUID) -> PaymentEventRow | None: ...
    async def body(self, event_id: UUID) -> bytes: ...
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


class SupplyStore(Protocol):
    """Supply states, decisions and commands."""

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]: ...
    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]: ...
    async def last_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The meters' newest command sequences; a meter without any is not in it."""
        ...

    async def save(
        self,
        *,
        reviews: Sequence[NextReview],
        decisions: Sequence[StoredDecision],
        commands: Sequence[NewCommand],
    ) -> None: ...
    async def record_progress(
        self, progress: Sequence[CommandProgress]
    ) -> Sequence[CommandRecorded]:
        """The commands that moved on; not those unknown or already further."""
        ...


class Unit(Protocol):
    """One transaction."""

    charging: ChargingStore
    journals: JournalStore
    accounts: AccountStore
    payments: PaymentStore
    payment_events: PaymentEventStore
    supply: SupplyStore

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part of the transaction that is undone by itself where it raises."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """To be sent once the transaction has committed."""
        ...
