"""Billing's night: every agreement of one of the archive's 16 partitions rated again, all months.

Real PostgreSQL and day files in a folder, quarter-hours, three tariffs (one price, blocks, time of
use; each with a standing charge and a tax), one meter in a hundred whose register began again once.
A fleet's other fifteen partitions cost the same each. The night runs in a process of its own, whose
CPU and peak memory are told; PostgreSQL's are not.

Usage: python -m benchmarks.rerating [--meters 100000] [--days 31]
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import pyarrow as pa

from billing.archive.columns import FILE_SCHEMA, SCHEMA
from billing.archive.layout import partition_of, path_of
from billing.archive.parquet import write_file
from billing.archive.values import Place
from billing.nights.postgres import PostgresState, open_state, open_turn
from billing.nights.rate_group import Rated, rate
from billing.nights.run_night import METERS_MAX, RunNight
from billing.nights.use_of_meters import Readings
from billing.reconciliation.postgres_rows import COMPARISON_COLUMNS, values_of
from prewatt_common.db.database import Database
from prewatt_common.db.migrations import migrate
from prewatt_common.ids import new_id
from prewatt_common.local_folder import LocalFolder
from prewatt_devstack import Stack
from prewatt_metering.tariffs.document import canonical, tariff_of

FIRST_DAY = date(2026, 10, 1)
BEGINS_AT = datetime(2026, 9, 30, 16, tzinfo=UTC)
STEPS = 96
PARTITION = 7
BEGAN_AGAIN_EACH = 100
_DAY_US = 86_400_000_000
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_PRICES: dict[str, list[dict[str, Any]]] = {
    "flat": [{"name": "e", "kind": "energy", "micro_per_kwh": {"all": 568_300}}],
    "blocks": [
        {
            "name": "e",
            "kind": "blocks",
            "blocks": [
                {"upto_wh": 200_000, "micro_per_kwh": 568_300},
                {"upto_wh": 400_000, "micro_per_kwh": 618_300},
                {"upto_wh": None, "micro_per_kwh": 868_300},
            ],
        }
    ],
    "tou": [
        {
            "name": "e",
            "kind": "energy",
            "micro_per_kwh": {"peak": 568_300, "flat": 400_000, "valley": 288_300},
        }
    ],
}
_SLOTS = [
    {"name": "peak", "begin": "08:00", "end": "11:00"},
    {"name": "peak", "begin": "18:00", "end": "21:00"},
    {"name": "valley", "begin": "22:00", "end": "06:00"},
    {"name": "flat"},
]


def _documents() -> dict[str, str]:
    return {
        code: canonical(
            tariff_of(
                {
                    "code": code, "valid_from": "2020-01-01", "currency": "CNY",
                    "timezone": "Asia/Shanghai",
                    "components": [
                        *components,
                        {"name": "meter", "kind": "standing", "micro_per_day": 333_333},
                        {"name": "vat", "kind": "levy", "rate_ppm": 130_000},
                    ],
                }
                | ({"time_of_use": {"slots": _SLOTS}} if code == "tou" else {})
            )
        ).decode()
        for code, components in _PRICES.items()
    }  # fmt: skip


def _write(folder: LocalFolder, meters: Sequence[str], days: int) -> list[tuple[Any, ...]]:
    """A day file each; gives their rows of the manifest."""
    rng = np.random.default_rng(1)
    registers = rng.integers(1_000, 50_000_000, len(meters))
    ids = pa.array(np.repeat(np.array(meters), STEPS).tolist(), pa.string()).dictionary_encode()
    begin_us = int(datetime(2026, 9, 30, tzinfo=UTC).timestamp()) * 1_000_000
    found: list[tuple[Any, ...]] = []
    for number in range(days):
        day = date(2026, 9, 30) + timedelta(days=number)
        if number == days // 2:
            registers[::BEGAN_AGAIN_EACH] = 0
        wh = rng.integers(0, 300, (len(meters), STEPS)).cumsum(axis=1) + registers[:, None]
        registers = wh[:, -1]
        at_us = np.tile(np.arange(STEPS) * 900_000_000 + begin_us + number * _DAY_US, len(meters))
        columns = [
            ids, pa.array(at_us, pa.timestamp("us", tz="UTC")), pa.array(wh.ravel()),
            pa.array(rng.integers(1, 30, wh.size)),
        ]  # fmt: skip
        path = path_of(Place(day, PARTITION), new_id())
        written = write_file(folder, path, [pa.table(columns, schema=SCHEMA).cast(FILE_SCHEMA)])
        found.append(
            (path, day, PARTITION, 2, "live", written.totals.readings, 0, written.size_bytes,
             written.sha256, _LONG_AGO)
        )  # fmt: skip
    return found


async def _fill(connection: asyncpg.Connection, meters: Sequence[str]) -> None:
    """A meter an account, an agreement an account."""
    await connection.copy_records_to_table(
        "tariff_version",
        records=[
            (code, date(2020, 1, 1), 0, document, _LONG_AGO, _LONG_AGO)
            for code, document in _documents().items()
        ],
    )
    codes = list(_PRICES)
    await connection.copy_records_to_table(
        "agreement",
        records=[
            (UUID(int=n + 1), 1, UUID(int=n + 1), codes[n % 3], FIRST_DAY, None, None, None,
             _LONG_AGO)
            for n in range(len(meters))
        ],
    )  # fmt: skip
    await connection.copy_records_to_table(
        "installation",
        records=[
            (UUID(int=n + 1), 1, each, UUID(int=n + 1), BEGINS_AT, None, None, None, 1, None, False,
             _LONG_AGO)
            for n, each in enumerate(meters)
        ],
    )  # fmt: skip
    await connection.execute("ANALYZE")


async def _agree(
    database: Database, connection: asyncpg.Connection, folder: LocalFolder, agreements: int
) -> None:
    """The ledger has posted what billing comes to, and the two were compared."""
    for begin in range(0, agreements, METERS_MAX):
        ids = [UUID(int=n + 1) for n in range(begin, min(begin + METERS_MAX, agreements))]
        for table in ("posted_period", "comparison"):
            async with open_state(database) as state:
                rated = await _rated(state, ids, folder)
            rows = [each for one in rated for each in one.compared]
            if table == "comparison":
                await connection.copy_records_to_table(
                    table,
                    records=[
                        (*values_of(each), f"{each.period.first:%Y-%m}", _LONG_AGO) for each in rows
                    ],
                    columns=[*COMPARISON_COLUMNS.split(", "), "month", "compared_at"],
                )
                continue
            await connection.copy_records_to_table(
                table,
                records=[
                    (each.agreement_id, each.period.first, each.period.end, each.account_id, 1,
                     each.ours.standing_days, each.ours.energy_wh, each.ours.total_micro,
                     each.ours.last_read_at, None, None, _LONG_AGO)
                    for each in rows
                    if each.ours is not None
                ],
            )  # fmt: skip
    await connection.execute("ANALYZE")


async def _rated(state: PostgresState, ids: Sequence[UUID], folder: LocalFolder) -> list[Rated]:
    loaded = await state.load(ids)
    meters = {each.facts.meter: each for one in loaded for each in one.meters}
    places = {each: place for place, each in enumerate(sorted(meters))}
    readings = Readings(
        meters=[meters[each] for each in places],
        files=await state.files([PARTITION]),
        waiting=await state.waiting(places),
        folder=folder,
    )
    return rate(loaded, readings, now=datetime.now(UTC), settle=timedelta(0))[0]


async def _night(database_url: str, root: str) -> None:
    """In a process of its own."""
    database = Database(url=database_url)
    night = RunNight(
        open_turn=lambda: open_turn(database),
        open_state=lambda: open_state(database),
        folder=LocalFolder(Path(root)),
        clock=lambda: datetime.now(UTC),
        hour=0,
        settle=timedelta(0),
        rest_factor=0,
    )
    before_mb = _peak_mb()
    began, began_cpu = time.monotonic(), time.process_time()
    while await night.once() is not None:
        pass
    async with open_turn(database) as turn:
        assert turn is not None
        (done,) = await turn.newest(limit=1)
    await database.close()
    cpu_s, tally = time.process_time() - began_cpu, done.tally
    result = {
        "agreements": tally.agreements,
        "readings": tally.readings,
        "differences": tally.differences,
        "left": tally.left,
        "odd_meters": tally.odd_meters,
        "wall_s": round(time.monotonic() - began, 1),
        "cpu_s": round(cpu_s, 1),
        "cpu_us_a_reading": round(cpu_s / tally.readings * 1e6, 2),
        "cpu_ms_an_agreement": round(cpu_s / tally.agreements * 1e3, 2),
        "resident_mb_before": round(before_mb),
        "resident_mb_at_most": round(_peak_mb()),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(result))


def _peak_mb() -> float:
    """Of this process alone: what getrusage tells may be of the one that began it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (each for each in lines if each.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


async def _prepare(database_url: str, folder: LocalFolder, *, fleet: int, days: int) -> None:
    ids = (f"sim-{number:07d}" for number in range(fleet))
    meters = [each for each in ids if partition_of(each) == PARTITION]
    database = Database(url=database_url)
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        await _fill(connection, meters)
        files = _write(folder, meters, days)
        await connection.copy_records_to_table("archive_file", records=files, columns=[
            "path", "day", "partition", "level", "state", "readings", "import_wh_sum", "size_bytes",
            "sha256", "changed_at",
        ])  # fmt: skip
        await _agree(database, connection, folder, len(meters))
    finally:
        await connection.close()
        await database.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--night", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.night:
        asyncio.run(_night(*asked.night))
        return
    with (
        Stack(name="bench-rerating", provider="native") as stack,
        tempfile.TemporaryDirectory() as root,
    ):
        url = stack.endpoints.database_url("billing")
        migrate(package="billing", database_url=url)
        folder = LocalFolder(Path(root))
        asyncio.run(_prepare(url, folder, fleet=asked.meters, days=asked.days))
        command = [sys.executable, "-m", "benchmarks.rerating", "--night", url, root]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        print(
            json.dumps(
                {"fleet": asked.meters, "days": asked.days} | json.loads(told.stdout), indent=1
            )
        )


if __name__ == "__main__":
    main()
