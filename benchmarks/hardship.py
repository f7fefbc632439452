"""Billing's daily look at households: all of a fleet, on real PostgreSQL.

Quarter-hours of four days (what a look reads of a meter), use of nine weeks before, forty events an
account, one household in fifty that runs out and buys little. Two looks: the first one, and the one
after it, in which yesterday's readings are new. The look runs in a process of its own, whose CPU
and peak memory are told, and PostgreSQL's CPU beside them.

Usage: python -m benchmarks.hardship [--accounts 100000]
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.cpu import postgres_times
from billing.hardship.policy import policy_of
from billing.hardship.postgres import open_look
from billing.hardship.postgres_policies import open_policies
from billing.hardship.publish_policy import publish_policy
from billing.hardship.run_look import RunLook
from prewatt_common.db.database import Database
from prewatt_common.db.migrations import migrate
from prewatt_devstack import Stack
from prewatt_metering.tariffs.yaml_text import read_yaml

ROOT = Path(__file__).resolve().parents[1]
NOON = datetime(2026, 12, 15, 4, tzinfo=UTC)
YESTERDAY = date(2026, 12, 14)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
IN_NEED_EACH = 50
_DAY = timedelta(days=1)
_AT_ONCE = 5_000
_READINGS = 96
_REGISTER_WH = 5_000_000


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--look", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.look:
        asyncio.run(_look(asked.look[0], datetime.fromisoformat(asked.look[1])))
        return
    with Stack(name="bench-hardship", provider="native") as stack:
        url = stack.endpoints.database_url("billing")
        migrate(package="billing", database_url=url)
        asyncio.run(_prepare(url, asked.accounts))
        looks = {}
        for name, now in (("first", NOON), ("next", NOON + _DAY)):
            before = sum(postgres_times(stack).seconds.values())
            command = [sys.executable, "-m", "benchmarks.hardship", "--look", url, now.isoformat()]
            told = subprocess.run(command, check=True, capture_output=True, text=True)
            postgres_s = sum(postgres_times(stack).seconds.values()) - before
            looks[name] = json.loads(told.stdout) | {"postgres_cpu_s": round(postgres_s, 1)}
            asyncio.run(_a_day_more(url))
        print(json.dumps({"accounts": asked.accounts} | looks, indent=1))


async def _look(database_url: str, now: datetime) -> None:
    """In a process of its own."""
    database = Database(url=database_url)
    work = RunLook(
        open_turn=lambda: open_look(database),
        clock=lambda: now,
        hour=0,
        keep=timedelta(days=730),
        rest_factor=0,
    )
    began, began_cpu = time.monotonic(), time.process_time()
    while await work.once() is not None:
        pass
    async with open_look(database) as turn:
        assert turn is not None
        run = (await turn.newest_runs())[0]
    await database.close()
    cpu_s = time.process_time() - began_cpu
    result = {
        "accounts": run.accounts,
        "raised": run.raised,
        "wall_s": round(time.monotonic() - began, 1),
        "cpu_s": round(cpu_s, 1),
        "cpu_us_an_account": round(cpu_s / run.accounts * 1e6),
        "resident_mb_at_most": round(_peak_mb()),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(result))


def _peak_mb() -> float:
    """Of this process alone."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = [line for line in lines if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


async def _prepare(url: str, accounts: int) -> None:
    database = Database(url=url)
    policy = policy_of(read_yaml((ROOT / "docs" / "hardship" / "example.yaml").read_bytes()))
    async with open_policies(database) as store:
        await publish_policy(
            store=store, policy=policy, by="bench", reason="bench", key="1", now=NOON - _DAY
        )
    await database.close()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for begin in range(0, accounts, _AT_ONCE):
            some = range(begin, min(begin + _AT_ONCE, accounts))
            for table, columns, rows in (
                ("agreement", _AGREEMENT, [_agreement(n) for n in some]),
                ("installation", _INSTALLATION, [_installation(n) for n in some]),
                ("meter", _METER, [(f"m-{n}", 1, True, 0, BEGAN) for n in some]),
                ("meter_day", _METER_DAY, [row for n in some for row in _days(n, 4, YESTERDAY)]),
                ("hardship_use", _USE, [row for n in some for row in _use(n)]),
                ("hardship_event", _EVENT, [row for n in some for row in _events(n)]),
            ):
                await connection.copy_records_to_table(table, records=rows, columns=columns)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _a_day_more(url: str) -> None:
    """Of readings, which came after the first look."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(
            "INSERT INTO meter_day SELECT meter_id, day + 1, packed, $2 FROM meter_day "
            "WHERE day = $1 ON CONFLICT DO NOTHING",
            YESTERDAY,
            NOON + timedelta(hours=12),
        )
    finally:
        await connection.close()


_AGREEMENT = ["id", "revision", "account_id", "tariff_code", "first_day", "changed_at"]
_INSTALLATION = [
    "id", "revision", "meter_id", "account_id", "begins_at", "multiplier", "removed", "changed_at",
]  # fmt: skip
_METER = ["id", "revision", "household", "resolution_wh", "changed_at"]
_METER_DAY = ["meter_id", "day", "packed", "changed_at"]
_USE = ["account_id", "day", "used_wh"]
_EVENT = ["account_id", "kind", "source", "at", "amount_micro"]


def _id(number: int) -> UUID:
    return UUID(int=(number + 1) * 0x9E3779B97F4A7C15 % 2**128)


def _agreement(number: int) -> tuple[Any, ...]:
    return (_id(number), 1, _id(number), f"t-{number % 4}", BEGAN.date(), BEGAN)


def _installation(number: int) -> tuple[Any, ...]:
    return (_id(number), 1, f"m-{number}", _id(number), BEGAN, 1, False, BEGAN)


def _days(number: int, days: int, last: date) -> Iterator[tuple[Any, ...]]:
    """Quarter-hours, packed as `billing.readings.packed` has them: a register of three bytes."""
    step_wh = 40 + number % 60
    for ago in range(days - 1, -1, -1):
        begin_wh = _REGISTER_WH + step_wh * _READINGS * (days - ago)
        packed = bytearray()
        for quarter in range(_READINGS):
            value = (begin_wh + step_wh * quarter) << 17 | quarter * 900
            size = (value.bit_length() + 7) // 8
            packed += bytes((size,)) + value.to_bytes(size, "little")
        yield (f"m-{number}", last - ago * _DAY, bytes(packed), NOON - timedelta(hours=6))


def _use(number: int) -> Sequence[tuple[Any, ...]]:
    return [
        (_id(number), YESTERDAY - ago * _DAY, 4_000 + (number * 7 + ago * 131) % 3_000)
        for ago in range(4, 64)
    ]


def _events(number: int) -> Iterator[tuple[Any, ...]]:
    is_in_need = number % IN_NEED_EACH == 0
    for ago in range(110, 0, -3):
        yuan = 10 if is_in_need and ago < 28 else 60 + number % 40
        yield (_id(number), "top_up", f"p/{ago}", NOON - ago * _DAY, yuan * 1_000_000)
    for ago in (60, 12, 4) if is_in_need else (60,):
        begin = NOON - ago * _DAY
        yield (_id(number), "supply_off", str(begin), begin, None)
        yield (_id(number), "supply_on", str(begin), begin + timedelta(hours=8), None)


if __name__ == "__main__":
    main()
