"""Nights on real PostgreSQL and files: what they find, what they leave alone, and kill -9."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from nights import archive, kinds, run_night, until_done

from billing.marks.postgres import PostgresMarks
from billing.marks.values import Moved
from billing.nights import run_night as module
from billing.nights.postgres import open_state, open_turn
from billing.nights.values import SCATTERED, Planned, day_due, planned
from prewatt_common.contracts.ledger_charges_v1 import (
    ChargesPosted,
    EstimatedMeter,
    PostedEstimate,
)
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_common.db.database import driver

pytestmark = pytest.mark.stack

DAYS = 70
"""So that there are two months that are over, or more."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
async def street(billing, homes, reads, local_day, root: Path) -> list[Any]:
    """Homes that read by the hour or less often, and use as unevenly as homes do; one at odd times
    and with steps that cannot be, one edited. All but the last readings are in files, and what the
    ledger has posted agrees."""
    some = [homes(first_day=local_day - timedelta(days=DAYS)) for _ in range(6)]
    heard = [
        home.readings(
            reads(1)
            if number == 3
            else [(n * 1.0, 1_000 + 310 * n + n * n % 251) for n in range(1, 24 * DAYS, 1 + number)]
        )
        for number, home in enumerate(some)
    ]
    for home, readings in zip(some, heard, strict=True):
        await billing.take(*home.facts)
        await billing.take_batch(readings[:-40])
    await archive(billing.database, root)
    for number, (home, readings) in enumerate(zip(some, heard, strict=True)):
        await billing.take_batch(readings[-40:])
        trusted = readings
        if number == 4:
            await billing.take(home.edit(readings[5].read_at, EditKind.REMOVE))
            trusted = [each for each in readings if each.read_at != readings[5].read_at]
        await billing.take(home.posted(trusted, today=local_day))
    await billing.compare()
    assert set(await kinds(billing)) == {"agrees"}
    return some


@pytest.fixture
def local_day() -> date:
    """Today, where the homes are."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


async def nights(billing: Any) -> list[asyncpg.Record]:
    return await billing.rows("SELECT * FROM night ORDER BY day")


async def test_a_night_looks_at_everything_and_changes_nothing_that_agrees(
    billing, street, root: Path
) -> None:
    before = await billing.rows("SELECT *, xmin FROM comparison ORDER BY 1, 2")
    await until_done(run_night(billing.database, root))
    (night,) = await nights(billing)
    assert night["finished_at"] is not None
    assert (night["agreements"], night["differences"], night["left_agreements"]) == (6, 0, 0)
    assert night["periods"] == len(before) >= 18
    (kept,) = await billing.rows("SELECT sum(readings) FROM archive_day")
    (waiting,) = await billing.rows("SELECT sum(readings) FROM archive_pending")
    assert night["readings"] == kept[0] + waiting[0] > 3_000
    assert waiting[0] >= 40, "what is in no file yet counts too"
    assert night["odd_meters"] == 2
    assert await billing.rows("SELECT *, xmin FROM comparison ORDER BY 1, 2") == before
    await until_done(run_night(billing.database, root))
    assert len(await nights(billing)) == 1, "once a night"
    assert not await billing.rows("SELECT FROM night_work")


async def test_an_estimate_that_stands_is_named_at_night_too(
    billing, street, root: Path, local_day
) -> None:
    home = street[0]
    since = EstimatedMeter(home.meter_id, home.begins_at + timedelta(hours=1))
    first = local_day.replace(day=1)
    end = (first + timedelta(days=31)).replace(day=1)
    estimate = PostedEstimate(
        home.agreement_id, home.account_id, first, end, 1, 9_000, 4_500, (since,)
    )
    await billing.take(ChargesPosted(posted_at=home.begins_at, charges=(), estimates=(estimate,)))
    await billing.compare()
    query = "SELECT *, xmin FROM comparison WHERE kind <> 'agrees'"
    (before,) = await billing.rows(query)
    assert "an estimate of 4500" in before["detail"]
    await until_done(run_night(billing.database, root))
    assert await billing.rows(query) == [before]


async def test_readings_that_cannot_be_read_stop_no_night(billing, street, root: Path) -> None:
    home = street[0]
    await billing.rows(
        "UPDATE meter_day SET packed = packed || '\\x05' WHERE (meter_id, day) = "
        "(SELECT meter_id, min(day) FROM meter_day WHERE meter_id = $1 GROUP BY 1)",
        home.meter_id,
    )
    async with billing.database.transaction() as connection:
        await PostgresMarks(await driver(connection)).mark(Moved(meters=[home.meter_id]))
    await billing.compare()
    assert "not_rateable" in await kinds(billing)
    await until_done(run_night(billing.database, root))
    (night,) = await nights(billing)
    assert (night["agreements"], night["left_agreements"]) == (6, 0)
    assert "not_rateable" in await kinds(billing)


async def test_what_nobody_marked_is_found_in_an_old_month(billing, street, root: Path) -> None:
    home, strange = street[1], uuid4()
    (first,) = await billing.rows(
        "SELECT period_first FROM posted_period WHERE agreement_id = $1 ORDER BY 1 LIMIT 1",
        home.agreement_id,
    )
    await billing.rows(
        "UPDATE posted_period SET total_micro = total_micro + 1"
        " WHERE agreement_id = $1 AND period_first = $2",
        home.agreement_id, first[0],
    )  # fmt: skip
    await billing.rows(
        "INSERT INTO posted_period SELECT $1, period_first, period_end, account_id, version,"
        " standing_days, energy_wh, total_micro, last_read_at, balance_number, balance_micro,"
        " changed_at FROM posted_period WHERE agreement_id = $2",
        strange, street[2].agreement_id,
    )  # fmt: skip
    await billing.rows("UPDATE posted_period SET changed_at = now() - interval '1 day'")
    await until_done(run_night(billing.database, root))
    (row,) = await billing.rows(
        "SELECT * FROM comparison WHERE agreement_id = $1 AND period_first = $2",
        home.agreement_id, first[0],
    )  # fmt: skip
    assert (row["kind"], row["their_total_micro"] - row["our_total_micro"]) == ("differs", 1)
    assert "total_micro is" in row["detail"]
    others = await billing.rows("SELECT kind FROM comparison WHERE agreement_id = $1", strange)
    assert {each["kind"] for each in others} == {"missing_in_billing"}
    (night,) = await nights(billing)
    assert night["differences"] == 1 + len(others)


async def test_what_moves_meanwhile_is_left_to_the_comparison_of_what_moves(
    billing, street, root: Path
) -> None:
    home = street[0]
    await billing.rows(
        "UPDATE posted_period SET total_micro = total_micro + 1 WHERE agreement_id = $1",
        home.agreement_id,
    )

    @asynccontextmanager
    async def state() -> AsyncGenerator[Any]:
        async with open_state(billing.database) as opened:
            yield opened
        await billing.take_batch(home.readings([(24.0 * DAYS - 0.5, 600_000)]))

    before = await billing.rows("SELECT * FROM comparison ORDER BY 1, 2")
    await until_done(run_night(billing.database, root, state=state))
    assert await billing.rows("SELECT * FROM comparison ORDER BY 1, 2") == before
    (night,) = await nights(billing)
    assert (night["left_agreements"], night["differences"]) == (1, 0)
    due = await billing.rows("SELECT agreement_id FROM due WHERE due_at <= now()")
    assert home.agreement_id in {each["agreement_id"] for each in due}


async def test_a_night_that_was_killed_goes_on_where_it_was(billing, street, root: Path) -> None:
    await billing.rows(
        "UPDATE posted_period SET total_micro = total_micro + 1,"
        " changed_at = now() - interval '1 day'"
    )
    await billing.rows("UPDATE comparison SET unequal_since = now() - interval '1 hour'")
    url = billing.settings.database_url.get_secret_value()
    left: list[int] = []
    for group, point in ((2, "rated"), (2, "committed"), (1, "rated"), (2, "committed")):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).parent / "night_dies.py"),
            url, str(root), str(group), point,
        )  # fmt: skip
        assert await process.wait() == -9, point
        (row,) = await billing.rows("SELECT count(*) FROM night_work")
        left.append(row[0])
    assert left[0] > left[1] >= left[2] > left[3], left
    await until_done(run_night(billing.database, root))
    (night,) = await nights(billing)
    periods = await kinds(billing)
    assert set(periods) == {"differs"}
    assert (night["agreements"], night["differences"]) == (6, len(periods))


async def test_a_file_that_the_manifest_forgot_is_a_difference_and_changes_nothing(
    billing, street, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (file,) = await billing.rows(
        "UPDATE archive_file SET state = 'replaced' WHERE path = (SELECT path FROM archive_file"
        " WHERE state = 'live' ORDER BY readings DESC LIMIT 1) RETURNING readings"
    )
    assert file[0]
    await billing.rows("UPDATE meter_day SET changed_at = now() - interval '1 hour'")
    before = await billing.rows("SELECT * FROM comparison ORDER BY 1, 2")
    await until_done(run_night(billing.database, root))
    assert await billing.rows("SELECT * FROM comparison ORDER BY 1, 2") == before
    (night,) = await nights(billing)
    named = [each.getMessage() for each in caplog.records if "in meter_day" in each.getMessage()]
    assert night["differences"] >= len(named) >= 1


async def test_one_at_a_time(billing, street, root: Path) -> None:
    async with open_turn(billing.database) as turn:
        assert turn is not None
        assert await run_night(billing.database, root).once() is None
    assert await nights(billing) == []


async def test_a_file_that_is_gone_stops_the_night_and_nothing_is_said(
    billing, street, root: Path
) -> None:
    (name,) = await billing.rows("SELECT path FROM archive_file WHERE state = 'live' LIMIT 1")
    gone = root / name[0]
    held = gone.read_bytes()
    gone.unlink()
    with pytest.raises(FileNotFoundError):
        await until_done(run_night(billing.database, root))
    assert set(await kinds(billing)) == {"agrees"}
    gone.write_bytes(held)
    await until_done(run_night(billing.database, root))
    assert (await nights(billing))[0]["agreements"] == 6


async def test_an_account_whose_meters_are_in_several_partitions(
    billing, homes, local_day, root: Path
) -> None:
    home = homes(first_day=local_day - timedelta(days=40))
    readings = home.readings([(n * 1.0, 1_000 + 100 * n) for n in range(1, 900)])
    await billing.take(*home.facts)
    await billing.take_batch(readings)
    second = [msgspec.structs.replace(each, meter_id=f"{each.meter_id}x") for each in readings]
    place = msgspec.structs.replace(
        home.installation(), installation_id=uuid4(), meter_id=second[0].meter_id
    )
    await billing.take(place)
    await billing.take_batch(second)
    await archive(billing.database, root)
    await billing.compare()
    (one,) = await billing.rows("SELECT sum(our_energy_wh) FROM comparison")
    await billing.rows("DELETE FROM comparison")
    await until_done(run_night(billing.database, root))
    (two,) = await billing.rows("SELECT sum(our_energy_wh) FROM comparison")
    assert two[0] == one[0] == 2 * 89_900


@pytest.mark.parametrize(
    ("hour", "now", "day"),
    [(1, "2026-11-28T00:59:59", "2026-11-27"), (1, "2026-11-28T01:00:00", "2026-11-28"),
     (0, "2026-11-28T00:00:00", "2026-11-28"), (23, "2026-11-28T22:00:00", "2026-11-27")],
)  # fmt: skip
def test_which_night_is_due(hour: int, now: str, day: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert day_due(at, hour=hour) == date.fromisoformat(day)


def test_groups() -> None:
    def of(*meters: int, partition: int = 3) -> list[Planned]:
        return [Planned(uuid4(), partition, "m", each) for each in meters]

    def sizes(some: Sequence[Planned]) -> list[int]:
        return [each.meters for each in module.group_of(some)]

    assert sizes([]) == []
    assert sizes(of(1, 1, 1)) == [1, 1, 1]
    assert sizes(of(1, 998, 1, 1)) == [1, 998, 1], "no more meters than are held at a time"
    assert sizes(of(20_000, 1)) == [20_000], "but for one agreement that has more"
    assert sizes(of(1) + of(1, partition=4)) == [1], "one partition at a time"
    assert planned(uuid4(), {"a": 1, "b": 2})[1:] == (SCATTERED, "a", 2)
    assert planned(uuid4(), {"b": 2, "c": 2})[1:] == (2, "b", 2)
    assert planned(uuid4(), {})[1:] == (SCATTERED, "", 0)
