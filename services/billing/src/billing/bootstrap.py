"""The one place where billing's parts meet."""

from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta

import duckdb
import pyarrow as pa
from fastapi import APIRouter

from billing.archive.adopt_files import AdoptFiles
from billing.archive.folders import folder_at
from billing.archive.keep_archive import KeepArchive
from billing.archive.ports import Folder, Intake, Manifest
from billing.archive.postgres import PostgresArchive, PostgresPending
from billing.archive.stage_readings import stage_readings
from billing.archive.values import Adopted, Limits
from billing.balances.api import balances_router
from billing.balances.postgres import PostgresDifferences
from billing.balances.watch import WatchBalances
from billing.hardship.api import hardship_router, looks_router
from billing.hardship.api_policies import hardship_policies_router
from billing.hardship.postgres import open_look
from billing.hardship.postgres_desk import open_desk
from billing.hardship.postgres_policies import open_policies
from billing.hardship.run_look import RunLook
from billing.intake import subscriptions
from billing.marks.postgres import PostgresMarks
from billing.nights.postgres import open_state, open_turn
from billing.nights.run_night import RunNight
from billing.openapi import EXAMPLES, TAGS
from billing.readings.leave_out_repeats import known_of
from billing.readings.postgres import PostgresReadings
from billing.readings.take_readings import take_readings
from billing.reconciliation.api import reconciliation_router
from billing.reconciliation.api_meters import meters_router
from billing.reconciliation.compare_due import CompareDue
from billing.reconciliation.postgres import PostgresComparisons
from billing.reconciliation.postgres_due import open_due
from billing.reconciliation.watch import WatchReconciliation
from billing.segments.api import segments_router
from billing.segments.postgres import PostgresSegments
from billing.settings import BillingSettings
from billing.usage.answer_usage import AnswerUsage
from billing.usage.api import usage_router
from billing.usage.postgres import PostgresSnapshots
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.topics import (
    LEDGER_CHARGES,
    LEDGER_EVENTS,
    LEDGER_FACTS,
    METER_READINGS,
)
from prewatt_common.db.database import Database, DriverConnection, is_passing_fault
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import create_app
from prewatt_common.kafka.history import watch_history
from prewatt_common.kafka.offsets import hold
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve
from prewatt_common.workers import Repeating
from prewatt_common.zone_data import watch_zone_data

_COUNT_REST_FACTOR = 50
"""Counting for the metrics never costs more than 2 % of a core."""
_ARCHIVE_LOOK_S = 5.0
"""Between two looks at whether files are due; also by how much a day's list may be behind."""
_ADOPT_PATIENCE = timedelta(minutes=2)
"""A merge of a large place takes less."""
_NIGHT_LOOK_S = 60.0
_NIGHT_FAULTS = (pa.ArrowException, duckdb.Error)


async def run(settings: BillingSettings) -> None:
    """Serve until stopped."""
    async with parts_of(settings, package="billing") as parts:
        await _run(settings, parts)


async def _run(settings: BillingSettings, parts: Parts) -> None:
    database = parts.database
    consumers = [parts.consumer(subscription) for subscription in subscriptions(settings)]
    comparisons = PostgresComparisons(database)
    differences = PostgresDifferences(database)

    app = create_app(
        name="billing",
        summary="Independent re-rating: reading against charge, charge against balance.",
        tags=TAGS,
        examples=EXAMPLES,
        auth_public_key=settings.auth_public_key,
        trusted_proxy_hops=settings.trusted_proxy_hops,
        routers=[
            reconciliation_router(store=comparisons, clock=utc_now),
            meters_router(store=comparisons),
            usage_router(answer=usage_answers(database, settings)),
            balances_router(store=differences),
            segments_router(segments=PostgresSegments(database)),
            *hardship_routers(database),
            *parts.operators_routers(scope="billing"),
        ],
        checks={"postgres": database.check},
        consuming={each.group: each.check for each in consumers},
    )
    workers = [
        parts.relay,
        *consumers,
        watch_dependencies({"kafka": parts.producer.check}),
        comparing(database, settings),
        archiving(database, settings),
        rating_nightly(database, settings),
        looking_for_hardship(database, settings),
        Repeating(
            name="reconciliation",
            do=WatchReconciliation(store=comparisons, clock=utc_now).once,
            every_s=settings.reconciliation_every_s,
            rest_factor=_COUNT_REST_FACTOR,
        ),
        Repeating(
            name="balances",
            do=WatchBalances(
                store=differences, clock=utc_now, settle=timedelta(seconds=settings.settle_s)
            ).once,
            every_s=settings.reconciliation_every_s,
            rest_factor=_COUNT_REST_FACTOR,
        ),
        watch_history(
            bootstrap=settings.kafka_bootstrap,
            topics={
                METER_READINGS: "the readings that billing could be made anew from",
                LEDGER_FACTS: "the tariffs, agreements and installations that it rates by",
                LEDGER_EVENTS: "the accounts' numbers, and what they were given",
                LEDGER_CHARGES: "the charges that it compares with",
            },
        ),
        watch_zone_data(database),
    ]
    await serve(app=app, settings=settings, workers=workers)


def comparing(database: Database, settings: BillingSettings) -> Repeating:
    """The worker that compares what is due."""
    work = CompareDue(
        open_due=lambda: open_due(database),
        clock=utc_now,
        settle=timedelta(seconds=settings.settle_s),
        rest_factor=settings.compare_rest_factor,
    )
    return Repeating(name="compare", do=work.once, every_s=settings.compare_every_s)


def archiving(database: Database, settings: BillingSettings) -> Repeating:
    """The worker that keeps the archive. Raises ValueError for an URL that names no folder."""
    work = KeepArchive(
        store=PostgresArchive(database),
        folder=folder_at(settings.archive_url),
        limits=Limits(
            readings=settings.archive_readings_max,
            size_bytes=settings.archive_bytes_max,
            seconds=settings.archive_every_s,
        ),
        readers_hold=timedelta(seconds=settings.archive_readers_hold_s),
        clock=utc_now,
    )
    return Repeating(name="archive", do=work.once, every_s=_ARCHIVE_LOOK_S)


def rating_nightly(database: Database, settings: BillingSettings) -> Repeating:
    """The worker that rates everything again. Raises ValueError for an URL that names no folder."""
    work = RunNight(
        open_turn=lambda: open_turn(database),
        open_state=lambda: open_state(database),
        folder=folder_at(settings.archive_url),
        clock=utc_now,
        hour=settings.night_hour,
        settle=timedelta(seconds=settings.settle_s),
        rest_factor=settings.night_rest_factor,
    )
    return Repeating(name="night", do=work.once, every_s=_NIGHT_LOOK_S, passing=_passes_at_night)


def _passes_at_night(error: BaseException) -> bool:
    """A file that cannot be read, or no room left, stops the night, which an alert says, and
    nobody else."""
    return isinstance(error, _NIGHT_FAULTS) or is_passing_fault(error)


def looking_for_hardship(database: Database, settings: BillingSettings) -> Repeating:
    """The worker that looks at all households once a day, once a policy is published."""
    work = RunLook(
        open_turn=lambda: open_look(database),
        clock=utc_now,
        hour=settings.hardship_hour,
        keep=timedelta(days=settings.hardship_kept_days),
        rest_factor=settings.night_rest_factor,
    )
    return Repeating(name="hardship", do=work.once, every_s=_NIGHT_LOOK_S)


def hardship_routers(database: Database) -> Sequence[APIRouter]:
    """What people ask of it."""
    return (
        hardship_router(
            open_desk=lambda: open_desk(database),
            open_policies=lambda: open_policies(database),
            clock=utc_now,
        ),
        looks_router(open_desk=lambda: open_desk(database)),
        hardship_policies_router(open_policies=lambda: open_policies(database), clock=utc_now),
    )


def usage_answers(database: Database, settings: BillingSettings) -> AnswerUsage:
    """Answers what meters used. Raises ValueError for an URL that names no folder."""
    return AnswerUsage(
        snapshots=PostgresSnapshots(database), folder=folder_at(settings.archive_url)
    )


async def adopt(*, database_url: str, folder: Folder) -> Sequence[Adopted]:
    """Take files of the archive that its manifest does not know into it: ``prewatt archive adopt``.
    Raises OSError, TimeoutError, and SQLAlchemy's errors."""
    database = Database(url=database_url)
    store = PostgresArchive(database)

    @asynccontextmanager
    async def adopting() -> AsyncGenerator[tuple[Manifest, Intake] | None]:
        async with store.turn() as manifest:
            yield manifest and (manifest, _Intake(manifest.connection))

    work = AdoptFiles(
        adopting=adopting,
        store=store,
        folder=folder,
        readings_max=BillingSettings.model_fields["archive_readings_max"].default,
        clock=utc_now,
    )
    try:
        return await work.all(patience=_ADOPT_PATIENCE)
    finally:
        await database.close()


class _Intake:
    """An `Intake` of the archive, on a keeper's transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection
        self._store = PostgresReadings(connection)

    async def hold(self) -> None:
        await hold(self._connection, topic=METER_READINGS.name)

    async def known(self, rows: Collection[tuple[str, date]]) -> Counter[tuple[str, int, int]]:
        return await known_of(store=self._store, rows=rows)

    async def take(self, readings: Sequence[Reading]) -> None:
        await take_readings(
            store=self._store, marks=PostgresMarks(self._connection), batch=readings
        )
        await stage_readings(store=PostgresPending(self._connection), batch=readings)
