"""What the use cases of inbound messages need of the outside."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.channels.ports import Written, WrittenPart
from notifier.contacts.consents import Consent, Purpose
from notifier.contacts.values import Contact
from notifier.inbound.values import (
    CreditAnswer,
    Customer,
    History,
    Lasting,
    Message,
    RecordedMessage,
    Reply,
    Retention,
    Standing,
)
from notifier.notices.values import Notice
from prewatt_common.contracts.notice_events_v1 import Role


class InboundStore(Protocol):
    """Messages, inside one transaction."""

    async def hold_sender(self, sender: str) -> None:
        """Until the transaction ends nobody else takes messages of the sender."""
        ...

    async def is_repeat(self, written: Written, *, since: datetime) -> bool:
        """Whether the last that came from the phone were the same words, since then: of STOP, START
        and STOP again the last is no repeat of the first."""
        ...

    async def add(self, message_id: UUID, written: Written, *, now: datetime) -> bool:
        """Gives whether it is new."""
        ...

    async def add_part(self, part: WrittenPart, *, now: datetime) -> None: ...

    async def parts(self, part: WrittenPart, *, since: datetime) -> Sequence[bytes]:
        """The octets of all parts of the same text that came since then, by their number."""
        ...

    async def forget_parts(self, part: WrittenPart) -> None: ...

    async def claim(self, *, now: datetime, lease_until: datetime) -> Message | None:
        """The oldest that is due, and none whose sender's earlier one is due or in hand."""
        ...

    async def customers(self, phone: str) -> Sequence[Customer]:
        """Whose contact has this number, by account."""
        ...

    async def nominated(self, phone: str) -> Sequence[Customer]:
        """Who has this number and was named by the customer of another account, by account."""
        ...

    async def say_of_nomination(
        self, account_id: UUID, *, told: bool, how: str, now: datetime
    ) -> bool:
        """What the person who is nominated wants. Gives whether that is new. Who does not want to
        be told is sent nothing that waits either."""
        ...

    async def history(self, sender: str, *, now: datetime) -> History: ...

    async def consents(self, account_id: UUID) -> Sequence[Consent]:
        """The newest of each purpose that something was said of."""
        ...

    async def agreed_once(self, account_id: UUID) -> Collection[Purpose]:
        """What the customer has ever agreed to be told."""
        ...

    async def put_off(self, message: Message, *, until: datetime, faults: int) -> None: ...

    async def hold_account(self, account_id: UUID, role: Role) -> Contact | None:
        """Made where it is new, and held: how ``role`` of it is reached now."""
        ...

    async def finish(self, message: Message, reply: Reply, *, now: datetime) -> bool:
        """Gives whether this attempt still holds the message."""
        ...

    async def add_notice(self, notice: Notice, *, now: datetime) -> None: ...

    async def oldest_waiting(self) -> datetime | None:
        """When the message came that has waited longest."""
        ...

    async def forget(self, retention: Retention, *, now: datetime) -> None:
        """What is older, and done."""
        ...


OpenInbound = Callable[[], AbstractAsyncContextManager[InboundStore]]


class LedgerAway(Exception):
    """The ledger does not answer, or does not take us for who we are: it is asked again."""


class LedgerKnowsNothing(Exception):
    """The ledger answers that it cannot say, and will not say either when it is asked again."""


class NotOffered(Exception):
    """No ledger is configured."""


class Ledger(Protocol):
    """The ledger, asked for a customer. Each raises `LedgerAway`, `LedgerKnowsNothing` or
    `NotOffered`."""

    async def standing(self, account_id: UUID) -> Standing: ...

    async def lasting(self, account_id: UUID) -> Lasting: ...

    async def accept_credit(self, account_id: UUID, *, message_id: UUID) -> CreditAnswer:
        """Once, however often it is asked for the same message."""
        ...

    async def pay_link(self, account_id: UUID, *, message_id: UUID) -> str:
        """Where anybody pays to the account without a login."""
        ...


class InboundRecords(Protocol):
    """Messages as they stand, read for the API."""

    async def list(
        self, *, account_id: UUID | None, before: int | None, limit: int
    ) -> Sequence[RecordedMessage]: ...
