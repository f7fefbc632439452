"""A month of one meter among a fleet, out of billing's archive: how long its use takes to be told.

Real PostgreSQL, files in a folder, the service's own router: one question after another, each of
another meter. As at a real fleet of quarter-hours: a file a day and partition, and five minutes of
readings of all meters that wait in the database.

Usage: python -m benchmarks.usage [--meters 100000]
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from billing.archive.columns import FILE_SCHEMA, SCHEMA, packed
from billing.archive.layout import PARTITIONS, partition_of, path_of
from billing.archive.parquet import write_file
from billing.archive.values import Place
from billing.usage.answer_usage import AnswerUsage
from billing.usage.api import usage_router
from billing.usage.postgres import PostgresSnapshots
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Database
from prewatt_common.db.migrations import migrate
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import issue_token
from prewatt_common.ids import new_id
from prewatt_common.local_folder import LocalFolder
from prewatt_devstack import Stack
from prewatt_metering.tariffs.document import canonical, tariff_of

FIRST_DAY = date(2026, 10, 6)
DAYS = 49
"""So that there are more than a week on either side of the month that is asked for."""
ASKED = {"from": "2026-10-15", "to": "2026-11-15"}
STEPS = 96
QUESTIONS = 100
WARM_UP = 10
WAITING_BATCHES = 600
"""Five minutes of batches, half a second each."""
PARTITION = 7
_ACCOUNT, _AGREEMENT = UUID(int=1), UUID(int=2)


def _write(folder: LocalFolder, meters: Sequence[str]) -> list[tuple[Any, ...]]:
    """Day files of the partition that ``meters`` are in; gives their rows of the manifest."""
    rng = np.random.default_rng(1)
    registers = rng.integers(0, 50_000_000, len(meters))
    ids = pa.array(np.repeat(np.array(meters), STEPS).tolist(), pa.string())
    instants = pa.timestamp("us", tz="UTC")
    found: list[tuple[Any, ...]] = []
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        begin_us = int(datetime.combine(day, datetime.min.time(), UTC).timestamp()) * 1_000_000
        wh = rng.integers(0, 300, (len(meters), STEPS)).cumsum(axis=1) + registers[:, None]
        registers = wh[:, -1]
        at_us = np.tile(np.arange(STEPS) * 900_000_000 + begin_us, len(meters))
        late_s = rng.integers(1, 30, wh.size)
        columns = [ids, pa.array(at_us, instants), *map(pa.array, (wh.ravel(), late_s))]
        table = pa.table(columns, schema=FILE_SCHEMA).cast(SCHEMA)
        path = path_of(Place(day, PARTITION), new_id())
        written = write_file(folder, path, [table])
        found.append(
            (path, day, PARTITION, 2, "live", written.totals.readings, 0, written.size_bytes,
             written.sha256, datetime.now(UTC))
        )  # fmt: skip
    return found


async def _fill(
    connection: asyncpg.Connection, files: list[tuple[Any, ...]], meters: Sequence[str], fleet: int
) -> None:
    now = datetime.now(UTC)
    others = [
        (path_of(Place(each[1], partition), new_id()), each[1], partition, *each[3:])
        for each in files
        for partition in range(PARTITIONS)
        if partition != PARTITION
    ]
    names = "path day partition level state readings import_wh_sum size_bytes sha256 changed_at"
    await connection.copy_records_to_table(
        "archive_file", records=[*files, *others], columns=names.split()
    )
    document = canonical(
        tariff_of(
            {
                "code": "home", "valid_from": "2020-01-01", "currency": "EUR",
                "timezone": "Europe/Berlin",
                "components": [{"name": "e", "kind": "energy", "micro_per_kwh": {"all": 5}}],
            }
        )
    ).decode()  # fmt: skip
    await connection.execute(
        "INSERT INTO tariff_version VALUES ('home', '2020-01-01', 0, $1, $2, $2)", document, now
    )
    await connection.execute(
        "INSERT INTO agreement VALUES ($1, 1, $2, 'home', '2020-01-01', NULL, NULL, NULL, $3)",
        _AGREEMENT, _ACCOUNT, now,
    )  # fmt: skip
    begins_at = datetime(2026, 10, 6, tzinfo=UTC)
    for each in meters:
        await connection.execute(
            "INSERT INTO installation VALUES ($1, 1, $2, $3, $4, NULL, NULL, NULL, 1, NULL, false, "
            "$5)",
            uuid4(), each, _ACCOUNT, begins_at, now,
        )  # fmt: skip
    await connection.copy_records_to_table(
        "meter_day", records=[(each, file[1], b"", now) for each in meters for file in files]
    )
    a_batch = fleet // 3 // WAITING_BATCHES
    for number in range(WAITING_BATCHES):
        at = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=number / 2)
        some = [
            Reading(f"sim-{number * a_batch + place:07d}", at, 60_000_000, at)
            for place in range(a_batch)
        ]
        await connection.execute(
            "INSERT INTO archive_pending (readings, packed) VALUES ($1, $2)", a_batch, packed(some)
        )
    await connection.execute("ANALYZE")


async def _ask(client: httpx.AsyncClient, meters: Sequence[str], resolution: str) -> list[float]:
    took_ms: list[float] = []
    chosen = np.random.default_rng(2).choice(np.array(meters), QUESTIONS + WARM_UP)
    for meter_id in chosen.tolist():
        began = time.perf_counter()
        answer = await client.get(
            f"/v1/meters/{meter_id}/usage", params=ASKED | {"resolution": resolution}
        )
        took_ms.append((time.perf_counter() - began) * 1_000)
        assert answer.status_code == 200, answer.text
        assert all(each["quality"] == "measured" for each in answer.json()["slices"])
    return took_ms[WARM_UP:]


def _client_of(database: Database, folder: LocalFolder) -> httpx.AsyncClient:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = create_app(
        name="billing",
        summary="Benchmark.",
        auth_public_key=public.decode(),
        routers=[
            usage_router(answer=AnswerUsage(snapshots=PostgresSnapshots(database), folder=folder))
        ],
        checks={},
        consuming={},
    )
    token = issue_token(
        private_key_pem=private,
        subject="bench",
        scopes=["billing:read"],
        now=datetime.now(UTC),
        lifetime=timedelta(hours=1),
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://billing",
        headers={"Authorization": f"Bearer {token}"},
    )


async def measure(database_url: str, *, fleet: int) -> dict[str, Any]:
    """Milliseconds a question by resolution, and CPU of this process, PostgreSQL's not counted."""
    ids = (f"sim-{number:07d}" for number in range(fleet))
    meters = [each for each in ids if partition_of(each) == PARTITION]
    database = Database(url=database_url)
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    result: dict[str, Any] = {"meters": fleet, "of": ASKED, "questions": QUESTIONS}
    try:
        with tempfile.TemporaryDirectory() as root:
            folder = LocalFolder(Path(root))
            await _fill(connection, _write(folder, meters), meters, fleet)
            async with _client_of(database, folder) as client:
                for resolution in ("day", "interval"):
                    began_s = time.process_time()
                    took_ms = await _ask(client, meters, resolution)
                    cuts = statistics.quantiles(took_ms, n=100)
                    cpu_ms = (time.process_time() - began_s) * 1_000 / (QUESTIONS + WARM_UP)
                    result[resolution] = {
                        "p50_ms": round(cuts[49]),
                        "p99_ms": round(cuts[98]),
                        "cpu_ms": round(cpu_ms),
                    }
    finally:
        await connection.close()
        await database.close()
    result["load"] = os.getloadavg()[0]
    return result


def measure_alone(*, fleet: int) -> dict[str, Any]:
    """On a stack of its own."""
    with Stack(name="bench-usage", provider="native") as stack:
        url = stack.endpoints.database_url("billing")
        migrate(package="billing", database_url=url)
        return asyncio.run(measure(url, fleet=fleet))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=100_000)
    print(json.dumps(measure_alone(fleet=parser.parse_args().meters), indent=1))
