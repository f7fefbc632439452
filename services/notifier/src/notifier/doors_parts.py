"""The parts of door notices and of orders to bring them, as the settings say."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from fastapi import APIRouter

from notifier.door_orders.api import door_orders_router
from notifier.door_orders.keep_orders import KeepDoorOrders
from notifier.door_orders.ports import DoorOrderStore
from notifier.door_orders.postgres import PostgresDoorOrderRecords, open_door_orders
from notifier.door_orders.say_order import SayDoorOrder
from notifier.doors.api import doors_router
from notifier.doors.confirm_late import ConfirmLate
from notifier.doors.keep_notice import KeepDoorNotice
from notifier.doors.look_after import LookAfterPhotos
from notifier.doors.ports import DoorStore
from notifier.doors.postgres import PostgresDoorRecords, open_doors
from notifier.settings import NotifierSettings
from notifier.templates.ports import OpenTexts, Renderer
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating

_LOOK_S = 3600.0
_ORDERS_S = 10.0
"""Who has paid meanwhile is not gone to for longer than this."""


class DoorParts(NamedTuple):
    """What the service needs of them."""

    routers: tuple[APIRouter, ...]
    workers: tuple[Repeating, ...]


def make_doors(
    settings: NotifierSettings,
    database: Database,
    *,
    open_texts: OpenTexts,
    renderer: Renderer,
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
    orders, keep_orders = _make_orders(
        settings, database, open_texts=open_texts, renderer=renderer, committed=committed
    )
    return DoorParts(
        (
            doors_router(keep=keep, confirm=confirm, records=PostgresDoorRecords(database)),
            orders,
        ),
        (
            Repeating(name="door-photos", do=look_after, every_s=_LOOK_S, passing=passing),
            Repeating(name="door-orders", do=keep_orders, every_s=_ORDERS_S, passing=passing),
        ),
    )


def _make_orders(
    settings: NotifierSettings,
    database: Database,
    *,
    open_texts: OpenTexts,
    renderer: Renderer,
    committed: Callable[[], None],
) -> tuple[APIRouter, KeepDoorOrders]:
    records = PostgresDoorOrderRecords(database)

    def open_orders() -> AbstractAsyncContextManager[DoorOrderStore]:
        return open_door_orders(database)

    say = SayDoorOrder(records=records, open_texts=open_texts, renderer=renderer, clock=utc_now)
    keep = KeepDoorOrders(
        open_orders=open_orders,
        policy=settings.door_order_policy,
        clock=utc_now,
        committed=committed,
    )
    return door_orders_router(records=records, say=say), keep
