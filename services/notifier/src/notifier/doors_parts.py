"""The parts of door notices, as the settings say."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from fastapi import APIRouter

from notifier.doors.api import doors_router
from notifier.doors.confirm_late import ConfirmLate
from notifier.doors.keep_notice import KeepDoorNotice
from notifier.doors.look_after import LookAfterPhotos
from notifier.doors.ports import DoorStore
from notifier.doors.postgres import PostgresDoorRecords, open_doors
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating

_LOOK_S = 3600.0


class DoorParts(NamedTuple):
    """What the service needs of them."""

    router: APIRouter
    worker: Repeating


def make_doors(
    settings: NotifierSettings,
    database: Database,
    *,
    passing: Callable[[BaseException], bool],
    committed: Callable[[], None],
) -> DoorParts:
    """``committed``: there is something for the outbox."""

    def doors() -> AbstractAsyncContextManager[DoorStore]:
        return open_doors(database)

    keep = KeepDoorNotice(
        open_doors=doors,
        recorded_within=settings.door_recorded_within,
        clock=utc_now,
        committed=committed,
    )
    confirm = ConfirmLate(open_doors=doors, clock=utc_now, committed=committed)
    look_after = LookAfterPhotos(open_doors=doors, retention=settings.door_retention, clock=utc_now)
    return DoorParts(
        doors_router(keep=keep, confirm=confirm, records=PostgresDoorRecords(database)),
        Repeating(name="door-photos", do=look_after, every_s=_LOOK_S, passing=passing),
    )
