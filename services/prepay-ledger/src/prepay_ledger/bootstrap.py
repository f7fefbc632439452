"""The one place where the ledger's parts meet."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.accounts.api import accounts_router, enquiries_router
from prepay_ledger.accounts.api_import import imports_router
from prepay_ledger.accounts.change_terms import ChangeTerms
from prepay_ledger.accounts.import_accounts import ImportAccounts
from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.charging.api import parked_router
from prepay_ledger.charging.park_meter import ParkMeter
from prepay_ledger.charging.postgres_parking import ParkedQueries
from prepay_ledger.charging.release_meter import ReleaseMeter
from prepay_ledger.charging.take_readings import TakeReadings
from prepay_ledger.installations.api import installations_router, unbound_router
from prepay_ledger.installations.bind_meter import BindMeter
from prepay_ledger.installations.postgres_unbound import REASONS, UnboundQueries
from prepay_ledger.metrics import (
    ACCOUNTS,
    ACCOUNTS_BELOW_ZERO,
    IMBALANCE_MICRO,
    PARKED_METER,
    PARKED_METERS,
    PAYMENT_EVENTS_UNHANDLED,
    UNBOUND_METER,
    UNBOUND_METERS,
    UNBOUND_READINGS,
)
from prepay_ledger.payments.api_events import payment_events_router
from prepay_ledger.payments.api_payments import payments_router
from prepay_ledger.payments.api_webhook import webhook_router
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.payments.replay_payment_event import ReplayPaymentEvent
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.take_payment_event import ApplyPaymentEvent, TakePaymentEvent
from prepay_ledger.seals.api import seals_router
from prepay_ledger.seals.close_days import CloseDays
from prepay_ledger.seals.postgres import SealsUnit, open_seals
from prepay_ledger.seals.postgres_epochs import raise_epoch
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.supply.api import supply_router
from prepay_ledger.supply.decide import Policy
from prepay_ledger.supply.postgres_queries import SupplyQueries
from prepay_ledger.supply.recheck_supply import RecheckSupply
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.supply.take_meter_events import TakeMeterEvents
from prepay_ledger.tariffs.api import tariffs_router
from prepay_ledger.unit import PostgresUnit, open_unit
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.topics import LEDGER_FACTS, METER_EVENTS, METER_READINGS
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import create_app
from prewatt_common.kafka.batches import AfterCommit, Handle, Park, Subscription
from prewatt_common.kafka.decoding import Delivered, decode_some
from prewatt_common.kafka.history import watch_history
from prewatt_common.kafka.readings import decode_readings, one_of_readings
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve
from prewatt_common.workers import Repeating
from prewatt_common.zone_data import watch_zone_data

_MEASURE_EVERY_S = 15.0
_MEASURE_REST_FACTOR = 50
"""Adding up the open day takes at most this part of the time, however busy the day."""
_RECHECK_EVERY_S = 1.0
_CLOSE_DAYS_EVERY_S = 5.0
_NAMED_MAX = 20


def policy_of(settings: LedgerSettings) -> Policy:
    """The supply policy that the settings describe."""
    return Policy(
        friendly_hours=tuple(
            (time.fromisoformat(hours.start), time.fromisoformat(hours.end))
            for hours in settings.friendly_hours
        ),
        retry_after=settings.retry_after,
    )


async def run(settings: LedgerSettings) -> None:
    """Serve until stopped."""
    async with parts_of(settings, package="prepay_ledger") as parts:
        await _run(settings, parts)


async def _run(settings: LedgerSettings, parts: Parts) -> None:
    database, relay = parts.database, parts.relay
    review = SupplyReview(
        policy=policy_of(settings),
        timezone=ZoneInfo(settings.timezone),
        command_lifetime=settings.command_lifetime,
    )

    readings = parts.consumer(
        Subscription(
            group="prepay-ledger.readings",
            topics=(METER_READINGS,),
            decode=decode_readings,
            one_of=one_of_readings,
            handle=_in_unit(TakeReadings(review=review, clock=utc_now)),
            park=_parking_in_unit(ParkMeter(review=review, clock=utc_now)),
            batch_records_max=settings.batch_records_max,
            linger_ms=settings.linger_ms,
        )
    )
    meter_events = parts.consumer(
        Subscription(
            group="prepay-ledger.meter-events",
            topics=(METER_EVENTS,),
            decode=decode_some([CommandProgressed]),
            handle=_in_unit(TakeMeterEvents(review=review, clock=utc_now)),
        )
    )
    queries = AccountQueries(database)
    payment_queries = PaymentQueries(database)
    apply_event = ApplyPaymentEvent(take_payment=TakePayment(review=review))
    unbound = UnboundQueries(database)
    parked = ParkedQueries(database)

    def units() -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database)

    async def measure() -> None:
        await _measure(queries, payment_queries)

    def seals() -> AbstractAsyncContextManager[SealsUnit]:
        return open_seals(database)

    close_days = CloseDays(
        open_unit=seals,
        timezone=ZoneInfo(settings.timezone),
        clock=utc_now,
        committed=relay.wake,
    )
    app = create_app(
        name="prepay-ledger",
        summary="Prepaid balances: charges, top-ups, supply decisions.",
        auth_public_key=settings.auth_public_key,
        routers=[
            tariffs_router(open_unit=units, database=database, committed=relay.wake, clock=utc_now),
            accounts_router(
                open_unit=units,
                queries=queries,
                change_terms=ChangeTerms(review=review),
                committed=relay.wake,
                clock=utc_now,
            ),
            installations_router(
                open_unit=units,
                bind_meter=BindMeter(review=review),
                committed=relay.wake,
                clock=utc_now,
            ),
            imports_router(
                open_unit=units,
                import_accounts=ImportAccounts(review=review),
                committed=relay.wake,
                clock=utc_now,
            ),
            enquiries_router(queries=queries),
            supply_router(queries=SupplyQueries(database)),
            unbound_router(queries=unbound),
            parked_router(
                open_unit=units,
                queries=parked,
                release_meter=ReleaseMeter(review=review),
                committed=relay.wake,
                clock=utc_now,
            ),
            seals_router(open_unit=seals),
            webhook_router(
                secrets=settings.webhook_secrets,
                open_unit=units,
                take_event=TakePaymentEvent(apply=apply_event),
                committed=relay.wake,
                clock=utc_now,
            ),
            payments_router(
                open_unit=units,
                queries=payment_queries,
                assign_payment=AssignPayment(review=review),
                committed=relay.wake,
                clock=utc_now,
            ),
            payment_events_router(
                open_unit=units,
                queries=payment_queries,
                replay_event=ReplayPaymentEvent(apply=apply_event),
                committed=relay.wake,
                clock=utc_now,
            ),
            *parts.operators_routers(scope="ledger", restored=_restored),
        ],
        checks={"postgres": database.check},
        consuming={
            **{each.group: each.check for each in (readings, meter_events)},
            "prepay-ledger.close-days": close_days.check,
        },
    )
    workers = [
        relay,
        readings,
        meter_events,
        Repeating(
            name="recheck supply",
            do=RecheckSupply(open_unit=units, review=review, clock=utc_now, committed=relay.wake),
            every_s=_RECHECK_EVERY_S,
        ),
        Repeating(name="close days", do=close_days, every_s=_CLOSE_DAYS_EVERY_S),
        watch_dependencies({"kafka": parts.producer.check}),
        Repeating(
            name="watch ledger",
            do=measure,
            every_s=_MEASURE_EVERY_S,
            rest_factor=_MEASURE_REST_FACTOR,
        ),
        Repeating(
            name="watch unbound readings",
            do=lambda: _measure_unbound(unbound),
            every_s=_MEASURE_EVERY_S,
        ),
        Repeating(
            name="watch parked meters",
            do=lambda: _measure_parked(parked),
            every_s=_MEASURE_EVERY_S,
        ),
        watch_history(
            bootstrap=settings.kafka_bootstrap,
            topics={
                METER_READINGS: "readings that were acknowledged to meters, not charged yet",
                METER_EVENTS: "what meters answered to commands",
                LEDGER_FACTS: "the heads of sealed days, which others compare with",
            },
        ),
        watch_zone_data(database),
    ]
    await serve(app=app, settings=settings, workers=workers)


def _in_unit(use_case: TakeReadings | TakeMeterEvents) -> Handle[Any]:
    async def handle(
        connection: AsyncConnection, batch: Sequence[Delivered[Any]]
    ) -> AfterCommit | None:
        return await use_case(PostgresUnit(connection), batch)

    return handle


def _parking_in_unit(park_meter: ParkMeter) -> Park[Reading]:
    async def park(connection: AsyncConnection, one: Delivered[Reading], error: Exception) -> bool:
        return await park_meter(PostgresUnit(connection), one, error)

    return park


async def _restored(connection: AsyncConnection, who: str, reason: str) -> None:
    await raise_epoch(connection, who=who, reason=reason, at=utc_now())


async def _measure(queries: AccountQueries, payment_queries: PaymentQueries) -> None:
    totals = await queries.totals()
    for state in SupplyState:
        ACCOUNTS.labels(state).set(totals.accounts_by_state.get(state, 0))
    ACCOUNTS_BELOW_ZERO.set(totals.accounts_below_zero)
    IMBALANCE_MICRO.set(totals.imbalance_micro)
    for outcome, events in (await payment_queries.open_events()).items():
        PAYMENT_EVENTS_UNHANDLED.labels(outcome).set(events)
    UNBOUND_READINGS.set(totals.unbound_readings)


async def _measure_unbound(unbound: UnboundQueries) -> None:
    found = await unbound.recent()
    UNBOUND_METER.clear()
    for reason in REASONS:
        meters = [each.meter_id for each in found if each.reason == reason]
        UNBOUND_METERS.labels(reason).set(len(meters))
        for meter_id in meters[:_NAMED_MAX]:
            UNBOUND_METER.labels(reason, meter_id).set(1)


async def _measure_parked(parked: ParkedQueries) -> None:
    found = await parked.page(after="", limit=_NAMED_MAX)
    PARKED_METERS.set(len(found))
    PARKED_METER.clear()
    for each in found:
        PARKED_METER.labels(each.meter_id).set(1)
