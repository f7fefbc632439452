"""What webhooks need of the outside."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.webhooks.values import (
    Attempt,
    Changed,
    NewMessage,
    OutgoingMessage,
    RecordedMessage,
    Webhook,
    WebhookStatus,
)


class WebhookStore(Protocol):
    """Receivers, inside one transaction."""

    async def hold_all(self) -> int:
        """How many are told, or will be again; locked: none is made meanwhile."""
        ...

    async def asked(self, *, by: str, key: str) -> Changed | None: ...
    async def lock(self, webhook_id: UUID) -> Webhook | None: ...
    async def get(self, webhook_id: UUID) -> Webhook | None: ...
    async def add(self, webhook: Webhook) -> None: ...
    async def stand(
        self, webhook_id: UUID, status: WebhookStatus, *, reason: str, now: datetime
    ) -> None:
        """What waits for one that is off or ended is dropped."""
        ...

    async def note(self, changed: Changed) -> None: ...
    async def new_secret(self, webhook_id: UUID, *, old_until: datetime) -> int:
        """The number of one that signs from now on; those before it end then at the latest."""
        ...

    async def page(self, *, before: UUID | None, limit: int) -> Sequence[Webhook]:
        """Newest first."""
        ...

    async def changes(
        self, webhook_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[Changed]:
        """Newest first."""
        ...

    async def messages(
        self, webhook_id: UUID, *, before: int | None, limit: int
    ) -> Sequence[RecordedMessage]:
        """Newest first."""
        ...

    async def queue(
        self, webhook_id: UUID, message: NewMessage, *, now: datetime, expires_at: datetime
    ) -> None:
        """For this receiver, whatever it wants to be told."""
        ...


OpenWebhooks = Callable[[], AbstractAsyncContextManager[WebhookStore]]


class MessageQueue(Protocol):
    """What waits for receivers, inside one transaction."""

    async def wanted(self) -> Collection[str]:
        """The kinds that some receiver wants to be told."""
        ...

    async def queue_all(
        self, messages: Sequence[NewMessage], *, now: datetime, expires_at: datetime
    ) -> bool:
        """For every receiver that wants them and is not off: whether there is one. The same again
        changes nothing."""
        ...

    async def active(self) -> Sequence[UUID]:
        """Receivers that are told."""
        ...

    async def due(self, *, now: datetime) -> Sequence[UUID]:
        """Receivers that something waits for."""
        ...

    async def claim(
        self, webhook_id: UUID, *, limit: int, now: datetime, lease_until: datetime
    ) -> Sequence[OutgoingMessage]:
        """Marked as being sent, in the order in which they are due."""
        ...

    async def finish(self, message: OutgoingMessage, attempt: Attempt, *, now: datetime) -> None:
        """Nothing is changed where somebody else holds it by now. One that is gone is off."""
        ...

    async def end_overdue(self, *, now: datetime, kept_since: datetime) -> int:
        """How many have expired; those that ended before ``kept_since`` are forgotten."""
        ...


OpenQueue = Callable[[], AbstractAsyncContextManager[MessageQueue]]
