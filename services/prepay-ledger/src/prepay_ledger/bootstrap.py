"""The one place where the ledger's parts meet."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.enter_charges import EnterCharges
from prepay_ledger.charging.park_meter import ParkMeter
from prepay_ledger.charging.remembered import RememberedStandings
from prepay_ledger.charging.take_readings import TakeReadings
from prepay_ledger.charging.turn_readings import TurnReadings
from prepay_ledger.checkouts.configured import Checkouts
from prepay_ledger.epochs.postgres import raise_epoch
from prepay_ledger.jobs import jobs
from prepay_ledger.openapi import EXAMPLES, TAGS
from prepay_ledger.pay_links.tell_links import TellLinks
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.procedures.take_notices import NoticeEvent
from prepay_ledger.refunders.values import Refunders
from prepay_ledger.relays.signing import CommandSigner
from prepay_ledger.retention.watch_left import watch_left
from prepay_ledger.routes import routers
from prepay_ledger.seals.close_days import CloseDays
from prepay_ledger.seals.postgres import SealsUnit, open_seals
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.supply.mind_notices import mind_notices
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.supply.take_meter_events import TakeMeterEvents
from prepay_ledger.unit import PostgresUnit, open_unit, unit_on
from prepay_ledger.watches import watches
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_events_v1 import (
    CommandProgressed,
    MeterPresenceChanged,
    MeterReported,
)
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.notice_events_v1 import (
    NoticeBounced,
    NoticeDelivered,
    NoticeFailed,
)
from prewatt_common.contracts.topics import (
    LEDGER_CHARGES,
    LEDGER_EVENTS,
    LEDGER_FACTS,
    METER_EVENTS,
    METER_READINGS,
    NOTICE_EVENTS,
)
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import create_app
from prewatt_common.kafka.batches import AfterCommit, Handle, Park, Subscription
from prewatt_common.kafka.decoding import Delivered, decode_some
from prewatt_common.kafka.gathering import Partitions
from prewatt_common.kafka.history import watch_history
from prewatt_common.kafka.readings import decode_readings, one_of_readings
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve
from prewatt_common.zone_data import watch_zone_data


async def run(settings: LedgerSettings) -> None:
    """Serve until stopped."""
    async with (
        parts_of(settings, package="prepay_ledger", bulk=[LEDGER_CHARGES.name]) as parts,
        make_client() as client,
    ):
        requesters = settings.payment_requesters.items()
        checkouts, refunders = settings.checkouts.items(), settings.refunders.items()
        await _run(
            settings,
            parts,
            {name: each.requester(client) for name, each in requesters},
            {name: each.checkout(client) for name, each in checkouts},
            {name: each.refunder(client) for name, each in refunders},
        )


async def _run(
    settings: LedgerSettings,
    parts: Parts,
    requesters: Requesters,
    checkouts: Checkouts,
    refunders: Refunders,
) -> None:
    database, relay = parts.database, parts.relay
    signer = CommandSigner(settings.command_keys, first=settings.command_key_id)
    links = settings.link_terms
    review = SupplyReview(
        zone=ZoneInfo(settings.timezone),
        sign=signer.sign,
        pay_urls=None if links.wanting else TellLinks(links, tuple(checkouts.values())),
    )

    readings = parts.consumer(
        Subscription(
            group="prepay-ledger.readings",
            topics=(METER_READINGS,),
            decode=decode_readings,
            one_of=one_of_readings,
            handle=_in_unit(
                TakeReadings(
                    review=review,
                    clock=utc_now,
                    remembered=RememberedStandings(most=settings.remembered_meters_max),
                )
            ),
            park=_parking_in_unit(ParkMeter(review=review, clock=utc_now)),
            batch_records_max=settings.batch_records_max,
            linger_ms=settings.linger_ms,
        )
    )
    meter_events = parts.consumer(
        Subscription(
            group="prepay-ledger.meter-events",
            topics=(METER_EVENTS,),
            decode=decode_some([CommandProgressed, MeterPresenceChanged, MeterReported]),
            handle=_in_unit(TakeMeterEvents(review=review, clock=utc_now)),
        )
    )
    notices = parts.consumer(
        Subscription(
            group="prepay-ledger.notices",
            topics=(NOTICE_EVENTS,),
            decode=decode_some([NoticeDelivered, NoticeBounced, NoticeFailed]),
            handle=_taking_notices(review),
        )
    )

    def units() -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database)

    async def partitions() -> Partitions:
        return await parts.producer.partitions_soon([LEDGER_EVENTS.name, LEDGER_FACTS.name])

    def seals() -> AbstractAsyncContextManager[SealsUnit]:
        return open_seals(database)

    close_days = CloseDays(
        open_unit=seals,
        folds=(
            TurnReadings(open_unit=units),
            EnterCharges(open_unit=units, clock=utc_now),
        ),
        timezone=ZoneInfo(settings.timezone),
        clock=utc_now,
        committed=relay.wake,
    )
    app = create_app(
        name="prepay-ledger",
        summary="Prepaid balances: charges, top-ups, supply decisions.",
        tags=TAGS,
        examples=EXAMPLES,
        auth_public_key=settings.auth_public_key,
        trusted_proxy_hops=settings.trusted_proxy_hops,
        routers=[
            *routers(
                settings=settings,
                database=database,
                review=review,
                signer=signer,
                requesters=requesters,
                checkouts=checkouts,
                refunders=refunders,
                committed=relay.wake,
                partitions=partitions,
            ),
            *parts.operators_routers(scope="ledger", restored=_restored),
        ],
        checks={"postgres": database.check},
        consuming={
            **{each.group: each.check for each in (readings, meter_events, notices)},
            "prepay-ledger.close-days": close_days.check,
        },
    )
    workers = [
        relay,
        readings,
        meter_events,
        notices,
        *jobs(
            settings=settings,
            units=units,
            review=review,
            signer=signer,
            close_days=close_days,
            requesters=requesters,
            refunders=refunders,
            committed=relay.wake,
        ),
        watch_dependencies({"kafka": parts.producer.check}),
        *watches(database, settings),
        watch_left(database),
        watch_history(
            bootstrap=settings.kafka_bootstrap,
            topics={
                METER_READINGS: "readings that were acknowledged to meters, not charged yet",
                METER_EVENTS: "what meters answered to commands",
                NOTICE_EVENTS: "which warnings were delivered, that cuts wait for",
                LEDGER_FACTS: "what people decided, and the heads of sealed days",
            },
        ),
        watch_zone_data(database),
    ]
    await serve(app=app, settings=settings, workers=workers)


def _in_unit(use_case: TakeReadings | TakeMeterEvents) -> Handle[Any]:
    async def handle(
        connection: AsyncConnection, batch: Sequence[Delivered[Any]]
    ) -> AfterCommit | None:
        async with unit_on(connection) as unit:
            return await use_case(unit, batch)

    return handle


def _taking_notices(review: SupplyReview) -> Handle[NoticeEvent]:
    async def handle(connection: AsyncConnection, batch: Sequence[Delivered[NoticeEvent]]) -> None:
        async with unit_on(connection) as unit:
            await mind_notices(unit, batch, review=review, now=utc_now())

    return handle


def _parking_in_unit(park_meter: ParkMeter) -> Park[Reading]:
    async def park(connection: AsyncConnection, one: Delivered[Reading], error: Exception) -> bool:
        async with unit_on(connection) as unit:
            return await park_meter(unit, one, error)

    return park


async def _restored(connection: AsyncConnection, who: str, reason: str) -> None:
    await raise_epoch(connection, who=who, reason=reason, at=utc_now())
