"""Use case: another person vouches for a door notice that was recorded late."""

from collections.abc import Callable
from uuid import UUID

from notifier.doors.keep_notice import brought_event
from notifier.doors.ports import DoorStore, OpenDoors
from notifier.doors.refusals import NothingToConfirm, OtherRequest, UnknownDoorNotice
from notifier.doors.rules import is_true
from notifier.doors.values import Confirmation, DoorNotice
from prewatt_common.clock import Clock
from prewatt_common.refusals import NeedsSecondPerson


class ConfirmLate:
    """From then on it is evidence, where what it says is true still."""

    def __init__(
        self, *, open_doors: OpenDoors, clock: Clock, committed: Callable[[], None]
    ) -> None:
        self._open_doors = open_doors
        self._clock = clock
        self._committed = committed

    async def __call__(self, door_id: UUID, *, by: str, reason: str, key: str) -> DoorNotice:
        """Under one key once. Raises `UnknownDoorNotice`, `NeedsSecondPerson`, `NothingToConfirm`
        or `OtherRequest`."""
        async with self._open_doors() as store:
            door = await _held(store, door_id)
            before = await store.confirmed(by=by, key=key)
            if before is not None:
                if (before.door_id, before.reason) == (door_id, reason):
                    return door
                message = f"the Idempotency-Key {key} came before with door notice {before.door_id}"
                raise OtherRequest(message)
            if not door.is_late or door.confirmation is not None:
                why = "was recorded in time" if not door.is_late else "is confirmed"
                message = f"door notice {door_id} {why}"
                raise NothingToConfirm(message)
            if by == door.by:
                message = f"somebody else than {by}, who brought it, must confirm it"
                raise NeedsSecondPerson(message)
            await self._confirm(store, door, by=by, reason=reason, key=key)
            made = await _held(store, door_id)
        self._committed()
        return made

    async def _confirm(
        self, store: DoorStore, door: DoorNotice, *, by: str, reason: str, key: str
    ) -> None:
        now = self._clock()
        notice, _, overtaken = await store.known(door.notice_id)
        is_evidence = is_true(notice, overtaken=overtaken)
        confirmation = Confirmation(
            door_id=door.id, by=by, reason=reason, key=key, at=now, is_evidence=is_evidence
        )
        await store.confirm(confirmation)
        if is_evidence:
            await store.publish(brought_event(notice, door, now=now))


async def _held(store: DoorStore, door_id: UUID) -> DoorNotice:
    """As it stands, its account held: no payment slips in between, and nobody else confirms it."""
    door = await store.get(door_id)
    if door is None:
        message = f"there is no door notice {door_id}"
        raise UnknownDoorNotice(message)
    await store.hold_account(door.account_id)
    return await store.get(door_id) or door
