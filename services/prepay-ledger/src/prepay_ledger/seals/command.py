"""``python -m prepay_ledger audit``, which ``prewatt audit`` runs: checked from outside."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from typing import TypeAlias

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from prepay_ledger.seals.audit import audit
from prepay_ledger.seals.postgres import PostgresSeals
from prepay_ledger.seals.values import Finding, TableSeal
from prewatt_common.contracts.ledger_facts_v1 import DaySealed
from prewatt_common.contracts.topics import LEDGER_FACTS
from prewatt_common.db.database import COMMAND_FAULTS, DriverConnection
from prewatt_common.kafka.clients import stop_client
from prewatt_common.kafka.decoding import decode_some
from prewatt_common.kafka.stops import in_words

_KAFKA_ANSWERS_WITHIN_S = 30

Check: TypeAlias = Callable[[DriverConnection], AsyncIterator[Finding]]
"""What other rooms check, on a connection without a transaction: in a statement each, or snapshots
of their own."""

Left: TypeAlias = Callable[[DriverConnection, date, TableSeal], Awaitable[Finding | None]]
"""How the export of readings that have left differs from what was sealed of them."""


def main(arguments: Sequence[str], *, derived: Sequence[Check], left: Left) -> int:
    """The exit code: 0 where all holds, 1 with what does not, 2 where it cannot be told, also of
    readings that have left, where their exports are not here and nobody says that they need not be.
    ``derived``: what other rooms derive again: use and charges from all readings, debts.
    ``left``: checks readings that have left by their exports."""
    parser = argparse.ArgumentParser(
        prog="audit",
        description="Checks every sealed day of the ledger again, and names the first row of a"
        " table that differs; derives all use, charges and debts again, and names the first that"
        " differs.",
    )
    parser.add_argument(
        "--database-url",
        default=os.environ.get("PREWATT_DATABASE_URL"),
        help="the ledger's database; reading is enough (PREWATT_DATABASE_URL)",
    )
    parser.add_argument(
        "--kafka",
        default=os.environ.get("PREWATT_KAFKA_BOOTSTRAP"),
        help="where heads were published, host:port; without it nobody can tell whether the whole"
        " chain was written anew (PREWATT_KAFKA_BOOTSTRAP)",
    )
    parser.add_argument(
        "--seals-only",
        action="store_true",
        help="do not derive use and charges again, which reads every reading that ever came",
    )
    parser.add_argument(
        "--exports-elsewhere",
        action="store_true",
        help="exports of readings that have left are kept where this cannot read them: what rests"
        " on them is named, and is no reason for an exit code other than 0",
    )
    asked = parser.parse_args(arguments)
    if not asked.database_url:
        parser.error("the ledger's database is needed: --database-url")
    try:
        checks = () if asked.seals_only else derived
        findings, notes = asyncio.run(_audit(asked.database_url, asked.kafka, checks, left))
    except (*COMMAND_FAULTS, KafkaError) as error:
        print(f"audit: {in_words(error)}", file=sys.stderr)  # noqa: T201
        return 2
    if findings:
        return 1
    if notes and not asked.exports_elsewhere:
        print(  # noqa: T201
            f"audit: {notes} could not be checked, as exports of readings that have left are not to"
            " be had here: mount their folder, or say --exports-elsewhere where that is meant",
            file=sys.stderr,
        )
        return 2
    return 0


async def _audit(
    database_url: str, kafka: str | None, checks: Sequence[Check], left: Left
) -> tuple[int, int]:
    """How many findings there are, and what could not be checked; all of it is printed."""
    published = None if kafka is None else await _published(kafka)
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    exports: list[tuple[date, TableSeal]] = []

    async def later(day: date, sealed: TableSeal) -> None:
        exports.append((day, sealed))

    findings, notes = 0, 0
    try:
        # One snapshot, so that what is written meanwhile is not half seen.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            store = PostgresSeals(connection)
            async for finding in audit(store=store, published=published, elsewhere=later):
                findings += 1
                print(finding)  # noqa: T201
            days = len(await store.seals())
            open_day = (await store.day()).day
        # Nothing changes of a day that has left: each is read outside of it.
        for found in (
            _of_exports(connection, exports, left),
            *(each(connection) for each in checks),
        ):
            async for finding in found:
                findings += not finding.is_note
                notes += finding.is_note
                print(finding)  # noqa: T201
    finally:
        await connection.close()
    heads = "no heads to compare with" if published is None else f"{len(published)} heads"
    said = f"{findings} findings" if findings else "all holds"
    if notes:
        said += f", {notes} could not be checked here"
    print(f"audit: {days} sealed days, {heads}, open is {open_day}: {said}")  # noqa: T201
    return findings, notes


async def _of_exports(
    connection: DriverConnection, exports: Sequence[tuple[date, TableSeal]], left: Left
) -> AsyncIterator[Finding]:
    for day, sealed in exports:
        if (finding := await left(connection, day, sealed)) is not None:
            yield finding


async def _published(bootstrap: str) -> list[tuple[date, str]]:
    """Every head that was ever published: day and hexadecimal."""
    consumer = AIOKafkaConsumer(
        LEDGER_FACTS.name,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    decode = decode_some([DaySealed])
    found: list[tuple[date, str]] = []
    try:
        async with asyncio.timeout(_KAFKA_ANSWERS_WITHIN_S):
            await consumer.start()
            ends = await consumer.end_offsets(list(consumer.assignment()))
        if not ends:
            message = f"there is no topic {LEDGER_FACTS.name}"
            raise KafkaError(message)
        for place, end in ends.items():
            while await consumer.position(place) < end:
                for record in (await consumer.getmany(place, timeout_ms=1000)).get(place, []):
                    event = decode(record)
                    if isinstance(event, DaySealed):
                        found.append((event.day, event.head))
    finally:
        await stop_client(consumer)
    return found
