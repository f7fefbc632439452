"""What the notices' use cases need of the outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact
from notifier.notices.calls import Account
from notifier.notices.planning import OpenNotice, Plan
from notifier.notices.values import Notice
from prewatt_common.kafka.messages import Message


class NoticeBook(Protocol):
    """Where a batch of events becomes notices, inside its transaction."""

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

    async def delete_contact(self, account_id: UUID) -> bool:
        """Whether there was one."""
        ...

    async def erase_recipients(self, account_id: UUID) -> Sequence[Channel]:
        """Of all notices of the account, past ones too. Those that wait are suppressed: gives the
        channel of each. One that is being sent is not stopped."""
        ...


OpenCustomerRecords = Callable[[], AbstractAsyncContextManager[CustomerRecords]]
