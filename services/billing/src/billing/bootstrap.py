"""The one place where billing's parts meet."""

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.meters.kafka import KafkaPastReadings
from billing.meters.ports import MeterStore
from billing.meters.postgres import PostgresMeters, open_meters
from billing.meters.rederive import Rederive
from billing.meters.take_readings import take_readings
from billing.meters.take_terms import take_terms
from billing.postings.postgres import PostgresPostings
from billing.postings.take_charges import take_charges
from billing.reconciliation.api import reconciliation_router
from billing.reconciliation.api_meters import meters_router
from billing.reconciliation.postgres import PostgresComparisons
from billing.reconciliation.watch import WatchReconciliation
from billing.settings import BillingSettings
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.ledger_events_v1 import AccountOpened, MeterBound, TariffPublished
from prewatt_common.contracts.topics import LEDGER_CHARGES, LEDGER_EVENTS, METER_READINGS
from prewatt_common.db.database import driver, is_passing_fault
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import create_app
from prewatt_common.kafka.batches import Handle, Subscription
from prewatt_common.kafka.decoding import Delivered, EventT, decode_one, decode_some
from prewatt_common.kafka.history import watch_history
from prewatt_common.kafka.readings import decode_readings, one_of_readings
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve
from prewatt_common.workers import Repeating
from prewatt_common.zone_data import watch_zone_data

_RECONCILIATION_REST_FACTOR = 50
"""A check never costs more than 2 % of a core."""
_REDERIVE_EVERY_S = 5.0
_TERMS_MAX = 500
_CHARGE_EVENTS_MAX = 20
"""An event holds up to a thousand charges."""


def subscriptions(settings: BillingSettings) -> Sequence[Subscription[Any]]:
    """What billing reads."""
    return (
        Subscription(
            group="billing.readings",
            topics=(METER_READINGS,),
            decode=decode_readings,
            one_of=one_of_readings,
            handle=_with_meters(take_readings),
            batch_records_max=settings.batch_records_max,
            linger_ms=settings.linger_ms,
        ),
        Subscription(
            group="billing.terms",
            topics=(LEDGER_EVENTS,),
            decode=decode_some([AccountOpened, MeterBound, TariffPublished]),
            handle=_with_meters(take_terms),
            batch_records_max=_TERMS_MAX,
        ),
        Subscription(
            group="billing.charges",
            topics=(LEDGER_CHARGES,),
            decode=decode_one(ChargesPosted),
            handle=_take_charges,
            batch_records_max=_CHARGE_EVENTS_MAX,
            linger_ms=settings.linger_ms,
        ),
    )


async def run(settings: BillingSettings) -> None:
    """Serve until stopped."""
    async with parts_of(settings, package="billing") as parts:
        await _run(settings, parts)


async def _run(settings: BillingSettings, parts: Parts) -> None:
    database = parts.database
    consumers = [parts.consumer(subscription) for subscription in subscriptions(settings)]
    comparisons = PostgresComparisons(database)

    app = create_app(
        name="billing",
        summary="Independent re-rating: reading against charge, meter by meter.",
        auth_public_key=settings.auth_public_key,
        routers=[
            reconciliation_router(store=comparisons),
            meters_router(store=comparisons),
            *parts.operators_routers(scope="billing"),
        ],
        checks={"postgres": database.check},
        consuming={each.group: each.check for each in consumers},
    )
    workers = [
        parts.relay,
        *consumers,
        watch_dependencies({"kafka": parts.producer.check}),
        Rederive(
            open_meters=lambda: open_meters(database),
            past=KafkaPastReadings(bootstrap=settings.kafka_bootstrap),
            passing=_is_passing,
            every_s=_REDERIVE_EVERY_S,
        ),
        Repeating(
            name="reconciliation",
            do=WatchReconciliation(store=comparisons, clock=utc_now).once,
            every_s=settings.reconciliation_every_s,
            rest_factor=_RECONCILIATION_REST_FACTOR,
            passing=_is_passing,
        ),
        watch_history(
            bootstrap=settings.kafka_bootstrap,
            topics={
                METER_READINGS: "what billing rates again",
                LEDGER_EVENTS: "the tariffs, accounts and bindings that it rates by",
                LEDGER_CHARGES: "the charges that it compares with",
            },
        ),
        watch_zone_data(database),
    ]
    await serve(app=app, settings=settings, workers=workers)


class _OfMeters(Protocol[EventT]):
    def __call__(
        self, *, store: MeterStore, batch: Sequence[Delivered[EventT]]
    ) -> Awaitable[None]: ...


def _with_meters(use_case: _OfMeters[EventT]) -> Handle[EventT]:
    async def handle(connection: AsyncConnection, batch: Sequence[Delivered[EventT]]) -> None:
        await use_case(store=PostgresMeters(await driver(connection)), batch=batch)

    return handle


async def _take_charges(
    connection: AsyncConnection, batch: Sequence[Delivered[ChargesPosted]]
) -> None:
    await take_charges(store=PostgresPostings(await driver(connection)), batch=batch)


def _is_passing(error: BaseException) -> bool:
    return is_passing_fault(error) or isinstance(error, KafkaError)
