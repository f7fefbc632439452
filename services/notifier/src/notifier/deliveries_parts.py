"""The parts of deliveries: the worker with its lanes, and notices that are set aside."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import NamedTuple

from fastapi import APIRouter

from notifier.contacts.values import Channel
from notifier.deliveries.api_parked import parked_notices_router
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.end_parking import EndParking
from notifier.deliveries.expire import ExpireNotices
from notifier.deliveries.lane import Lane
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.ports import OpenDeliveries, ParkingStore
from notifier.deliveries.postgres_parking import PostgresParkingRecords, open_parking
from notifier.deliveries.take_receipt import TakeReceipt
from notifier.deliveries.trust_silence import TrustSilence
from notifier.deliveries.worker import DeliveryWorker
from notifier.metrics import PARKED_NOTICES
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database, is_schema_fault
from prewatt_common.workers import Repeating

_LOOK_S = 5.0


class ParkingParts(NamedTuple):
    """What the service needs of notices that are set aside."""

    park: ParkNotice
    take_receipt: TakeReceipt
    router: APIRouter
    worker: Repeating


def make_parking(
    database: Database,
    *,
    open_deliveries: OpenDeliveries,
    passing: Callable[[BaseException], bool],
    committed: Callable[[], None],
) -> ParkingParts:
    """``committed``: there are notices to send, or events to tell."""
    records = PostgresParkingRecords(database)

    def parking() -> AbstractAsyncContextManager[ParkingStore]:
        return open_parking(database)

    async def measure() -> float | None:
        PARKED_NOTICES.set(await records.count())
        return None

    park = ParkNotice(open_parking=parking, blameless=is_schema_fault, clock=utc_now)
    take_receipt = TakeReceipt(open_deliveries=open_deliveries, park=park, clock=utc_now)
    end = EndParking(
        open_parking=parking,
        clock=utc_now,
        committed=committed,
    )
    return ParkingParts(
        park,
        take_receipt,
        parked_notices_router(records=records, end=end),
        Repeating(name="parked-notices", do=measure, every_s=_LOOK_S, passing=passing),
    )


def make_worker(
    settings: NotifierSettings,
    *,
    deliver: Deliver,
    open_deliveries: OpenDeliveries,
    park: ParkNotice,
    backlog_taken: Callable[[], Awaitable[bool]],
    passing: Callable[[BaseException], bool],
    committed: Callable[[], None],
) -> DeliveryWorker:
    """A lane for each channel, configured or not: notices of those that are not fail and say so.
    ``committed``: there is something for the outbox."""
    return DeliveryWorker(
        lanes={
            channel: Lane(
                channel,
                limits=settings.limits_of(channel),
                open_deliveries=open_deliveries,
                deliver=deliver,
                park=park,
                lease=timedelta(seconds=settings.delivery_lease_s),
                passing=passing,
                committed=committed,
                clock=utc_now,
            )
            for channel in Channel
        },
        open_deliveries=open_deliveries,
        clock=utc_now,
        expire=ExpireNotices(open_deliveries=open_deliveries, clock=utc_now),
        trust_silence=TrustSilence(
            after=settings.undisputed_after, open_deliveries=open_deliveries, clock=utc_now
        ),
        park=park,
        backlog_taken=backlog_taken,
        passing=passing,
        committed=committed,
    )
