"""What the notices' use cases need of the outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.contacts.consents import Purpose
from notifier.contacts.nominations import Nominated, Nomination
from notifier.contacts.values import Channel, Contact
from notifier.notices.calls import Account
from notifier.notices.overtaken import OpenNotice
from notifier.notices.planning import Plan
from notifier.notices.values import Notice
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.kafka.messages import Message


class NoticeBook(Protocol):
    """Where a batch of events becomes notices, inside its transaction."""

    async def open_accounts(self, numbers: Mapping[UUID, str]) -> Collection[UUID]:
        """Add those that are new, by their ids; gives these."""
        ...

    async def taken(self, cause_ids: Collection[UUID]) -> set[UUID]:
        """Those that have made a notice already."""
        ...

    async def hold_accounts(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        """Locked until the transaction ends, made where they are new: nobody else adds notices of
        theirs meanwhile."""
        ...

    async def contacts(self, account_ids: Collection[UUID]) -> Mapping[UUID, Contact]: ...
    async def declined(self, account_ids: Collection[UUID]) -> Mapping[UUID, Collection[Purpose]]:
        """What the customers of these accounts do not want to be told."""
        ...

    async def nominated(self, account_ids: Collection[UUID]) -> Mapping[UUID, Nominated]:
        """Whom the customers of these accounts have named, where they have."""
        ...

    async def open_notices(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Sequence[OpenNotice]:
        """Those that wait, are being sent, or may still come back and be sent another way, or anew
        because a person asks for it."""
        ...

    async def write(self, plan: Plan, *, now: datetime) -> Sequence[Notice]:
        """Gives the notices that waited and are withdrawn from now on."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None: ...


class CustomerRecords(Protocol):
    """What is kept of a customer's addresses, inside one transaction."""

    async def hold_account(self, account_id: UUID) -> None:
        """Locked until the transaction ends: no notice of its is made meanwhile."""
        ...

    async def hold_contact(self, account_id: UUID) -> bool:
        """Whether the customer has one; locked until the transaction ends."""
        ...

    async def forget_written(self, account_id: UUID, role: Role) -> None:
        """What they wrote to us, unless their phone number is in another contact too."""
        ...

    async def delete_contact(self, account_id: UUID) -> bool:
        """Whether there was one."""
        ...

    async def erase_recipients(
        self, account_id: UUID, role: Role | None = None
    ) -> Sequence[Channel]:
        """Of all notices of the account to ``role``, or to anybody, past ones too. Those that wait
        are suppressed: gives the channel of each. One that is being sent is not stopped."""
        ...

    async def nominated(self, account_id: UUID) -> Nominated | None: ...
    async def add_nomination(self, made: Nomination) -> None: ...
    async def end_nomination(self, nomination_id: UUID, *, by: str, now: datetime) -> None:
        """Its addresses go."""
        ...

    async def say_of_nomination(
        self, account_id: UUID, *, told: bool, how: str, now: datetime
    ) -> bool:
        """Gives whether that is new."""
        ...


OpenCustomerRecords = Callable[[], AbstractAsyncContextManager[CustomerRecords]]
