"""Use case: a person writes down that they brought a notice to the customer's door.

The record, its photo and the event that tells the ledger are one transaction: a process that dies
has done all of it or nothing, and the same key is answered alike.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from notifier.doors.ports import DoorStore, OpenDoors
from notifier.doors.refusals import NotBrought, OtherRequest, UnknownNotice
from notifier.doors.rules import is_late, is_same, is_true, why_not
from notifier.doors.values import DoorNotice, DoorReport
from notifier.notices import events
from notifier.notices.values import Notice
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import Message


class KeepDoorNotice:
    """What a cut may rest on where no message arrived."""

    def __init__(
        self,
        *,
        open_doors: OpenDoors,
        recorded_within: timedelta,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_doors = open_doors
        self._recorded_within = recorded_within
        self._clock = clock
        self._committed = committed

    async def __call__(self, report: DoorReport) -> DoorNotice:
        """Under one key once. Raises `UnknownNotice`, `NotBrought` or `OtherRequest`."""
        async with self._open_doors() as store:
            account_id = await store.account_of(report.notice_id)
            if account_id is None:
                message = f"there is no notice {report.notice_id}"
                raise UnknownNotice(message)
            # First the lock: no payment slips in between, and no other request of the account.
            await store.hold_account(account_id)
            before = await store.asked(by=report.by, key=report.key)
            if before is not None:
                return _repeated(before, report)
            made = await self._keep(store, report)
        self._committed()
        return made

    async def _keep(self, store: DoorStore, report: DoorReport) -> DoorNotice:
        now = self._clock()
        notice, made_at, overtaken = await store.known(report.notice_id)
        wrong = why_not(report, notice, made_at=made_at, now=now)
        if wrong is not None:
            message = f"notice {notice.id}: {wrong}; nothing was kept"
            raise NotBrought(message)
        late = is_late(report, within=self._recorded_within, now=now)
        made = DoorNotice(
            id=new_id(),
            notice_id=notice.id,
            account_id=notice.account_id,
            template=notice.template,
            how=report.how,
            place=report.place,
            at=report.at,
            work_order_id=report.work_order_id,
            photo_sha256=report.photo.sha256,
            by=report.by,
            recorded_at=now,
            is_late=late,
            is_evidence=not late and is_true(notice, overtaken=overtaken),
        )
        await store.add(made, report.photo, key=report.key)
        if made.is_evidence:
            await store.publish(brought_event(notice, made, now=now))
        return made


def brought_event(notice: Notice, made: DoorNotice, *, now: datetime) -> Message:
    """Known ``now``, and said as its bringer says: who counts days begins with the first, who asks
    whether it was too early, or is too old, with the second."""
    said_at = min(made.at, now)
    return events.brought(notice, door_id=made.id, form=made.how, now=now, said_at=said_at)


def _repeated(before: DoorNotice, report: DoorReport) -> DoorNotice:
    if is_same(before, report):
        return before
    message = f"the Idempotency-Key {report.key} came before with door notice {before.id}"
    raise OtherRequest(message)
