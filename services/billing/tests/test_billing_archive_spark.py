"""The job of docs/how-to: PySpark reads the folder by its lists and comes to the same sums."""

import asyncio
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from archive_kept import read_by_duckdb, rows

from prewatt_common.contracts.meter_readings_v1 import Reading

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

ROOT = Path(__file__).resolve().parents[3]
SPARK = ROOT / ".tools" / "spark" / "bin" / "python"
"""An environment that knows nothing of Prewatt, as an analyst's."""
JOB = ROOT / "docs" / "how-to" / "use_by_month.py"
ZONE = ZoneInfo("Asia/Shanghai")
BEGINS = datetime(2026, 9, 28, tzinfo=UTC)
ENDS = datetime(2026, 11, 4, tzinfo=UTC)
FIRST, LAST = date(2026, 10, 1), date(2026, 11, 1)


def readings_of_five_weeks() -> list[Reading]:
    """Of four meters, each six hours, at local midnights too; one was silent in September."""
    steps = (ENDS - BEGINS) // timedelta(hours=2)
    return [
        Reading(f"s-{meter}", at, 1_000 * meter + (meter + 1) * step, at + timedelta(seconds=step))
        for meter in range(4)
        for step in range(0, steps, 3)
        for at in [BEGINS + timedelta(hours=2 * step + 4)]
        if meter or at.month != 9
    ]


def month_of(each: Reading) -> date:
    """A reading at midnight ends the day before."""
    return (each.read_at - timedelta(microseconds=1)).astimezone(ZONE).date().replace(day=1)


def expected(readings: list[Reading]) -> set[tuple[str, date, int, int, int | None]]:
    """Meter, month, readings, last register and its rise since the month before."""
    by_instant = sorted(readings, key=lambda each: (each.read_at, each.received_at))
    last = {(each.meter_id, month_of(each)): each for each in by_instant}
    counts = Counter((each.meter_id, month_of(each)) for each in readings)
    found: set[tuple[str, date, int, int, int | None]] = set()
    for (meter, month), each in last.items():
        if FIRST <= month <= LAST:
            before = last.get((meter, (month - timedelta(days=1)).replace(day=1)))
            use_wh = None if before is None else each.import_wh - before.import_wh
            found.add((meter, month, counts[meter, month], each.import_wh, use_wh))
    return found


@pytest.mark.timeout(280)
async def test_spark_reads_the_same_folder_and_gives_the_same_sums(archive, tmp_path) -> None:
    assert SPARK.exists(), "tools/setup.sh chaos"
    readings = readings_of_five_weeks()
    edge = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)
    assert any(each.read_at == edge for each in readings)
    again = [each for each in readings if each.read_at.day == 31]
    later = [Reading(r.meter_id, r.read_at, r.import_wh + 1, ENDS) for r in again]
    for batch in (readings, again, later):
        await archive.take(batch)
        await archive.keep(now=BEGINS)
    # Most days are merged now, and what they were merged of is still in the folder.
    await archive.keep(now=ENDS)
    assert await archive.files("replaced")
    process = await asyncio.create_subprocess_exec(
        SPARK, JOB, archive.root, tmp_path / "out",
        "--first", f"{FIRST:%Y-%m}", "--last", f"{LAST:%Y-%m}", "--zone", ZONE.key,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {
            "PYSPARK_SUBMIT_ARGS": "--master local[1] --conf spark.ui.enabled=false pyspark-shell",
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Neither Spark's own zone nor the machine's has a part in it.
            "TZ": "America/New_York",
        },
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()[-2_000:]

    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT meter_id, month, readings, register_wh, use_wh FROM read_parquet(?)",
            [str(tmp_path / "out" / "*.parquet")],
        ).fetchall()
    assert set(found) == expected([*readings, *again, *later])
    assert len(found) == len(set(found))

    by_duckdb = read_by_duckdb(archive.root)
    assert by_duckdb == rows([*readings, *again, *later])
    import_wh_sum = sum(row[2] * count for row, count in by_duckdb.items())
    said = out.decode().splitlines()[-1]
    assert said.startswith(f"{by_duckdb.total()} readings in ")
    assert said.endswith(f", {import_wh_sum} Wh in sum")
