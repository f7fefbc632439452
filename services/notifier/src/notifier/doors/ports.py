"""What door notices need of the outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from notifier.doors.values import Confirmation, DoorNotice, Photo, PhotoKind
from notifier.notices.values import Notice
from prewatt_common.kafka.messages import Message


class Known(NamedTuple):
    """A notice, when it was made, and whether something came since that leaves it untrue."""

    notice: Notice
    made_at: datetime
    overtaken: bool


class DoorStore(Protocol):
    """Door notices, inside one transaction."""

    async def account_of(self, notice_id: UUID) -> UUID | None:
        """None where there is no such notice."""
        ...

    async def hold_account(self, account_id: UUID) -> None:
        """Locked until the transaction ends: no event overtakes a notice of its meanwhile."""
        ...

    async def asked(self, *, by: str, key: str) -> DoorNotice | None:
        """What this person recorded under this Idempotency-Key."""
        ...

    async def known(self, notice_id: UUID) -> Known:
        """Of a notice that there is; its account is held."""
        ...

    async def add(self, made: DoorNotice, photo: Photo, *, key: str) -> None: ...
    async def get(self, door_id: UUID) -> DoorNotice | None: ...
    async def confirmed(self, *, by: str, key: str) -> Confirmation | None:
        """What this person confirmed under this Idempotency-Key."""
        ...

    async def confirm(self, confirmation: Confirmation) -> None: ...
    async def publish(self, message: Message) -> None: ...
    async def forget_photos(self, *, before: datetime) -> None:
        """Of what was recorded before; the records stay."""
        ...


OpenDoors = Callable[[], AbstractAsyncContextManager[DoorStore]]


class DoorRecords(Protocol):
    """Door notices as they are kept, for people to look at."""

    async def of_account(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[DoorNotice] | None:
        """Newest first, older than ``before``; none where nobody has told of the account."""
        ...

    async def get(self, door_id: UUID) -> DoorNotice | None: ...
    async def photo(self, door_id: UUID) -> tuple[PhotoKind, bytes] | None:
        """None where there is none (any more)."""
        ...
