"""Days of readings leave the database, whoever dies on the way, and are found in their exports."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from ledger_proofs import run_audit
from ledger_scratch import Scratch
from own_databases import name_of, own_database

from prepay_ledger.charging.meters import packed_base_us
from prepay_ledger.charging.postgres_histories import histories_of, whole_histories_of
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prepay_ledger.retention.values import path_of
from prewatt_common.clock import utc_now
from prewatt_devstack import Stack
from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.registers.packing import pack
from prewatt_metering.registers.readings import Reading

pytestmark = pytest.mark.stack

TODAY = utc_now().date()
OLD = [TODAY - timedelta(days=days) for days in (900, 899, 898)]
RECENT = TODAY - timedelta(days=40)
METERS = 300
"""More than a chunk of an export has."""
DIES = Path(__file__).with_name("ledger_retire_dies.py")
POINTS = [
    "opened", "written", "renamed", "read back", "insert after", "delete after", "committed",
]  # fmt: skip


def reading(meter: int, day: date) -> Reading:
    return Reading(packed_base_us(day) + HOUR_US, meter + day.toordinal())


async def add_readings(scratch: Scratch, day: date) -> None:
    """Of each meter one that came on ``day``, which is closed then."""
    await scratch.open(day)
    ids = [f"m{n}" for n in range(METERS)]
    packed = [pack([reading(n, day)], base_us=packed_base_us(day)) for n in range(METERS)]
    await scratch.sql(
        "INSERT INTO meter_state AS s (meter_id, day, today) "
        "SELECT m, $3::date, p FROM unnest($1::text[], $2::bytea[]) AS n (m, p) "
        "ON CONFLICT (meter_id) DO UPDATE SET day = excluded.day, today = excluded.today",
        ids,
        packed,
        day,
    )
    await scratch.close_days()


async def add_event(scratch: Scratch, event_id: str, *, is_open: bool) -> None:
    await scratch.sql(
        "INSERT INTO payment_event (id, provider, event_id, event_id_sha256, body_sha256, headers, "
        "body, plain, outcome, reason, open, received_at) "
        "VALUES ($1, 'p', $2, sha256($2::text::bytea), sha256('b'), '{}', 'b', 'p', 'failed', '', "
        "$3, now())",
        uuid4(),
        event_id,
        is_open,
    )


@pytest.fixture(scope="module")
async def days_database(module_database_url: str) -> str:
    """Four sealed days: three of long ago, and one that stays."""
    made = Scratch(module_database_url)
    await made.open(OLD[0])
    for event in ("settled", "settled too", "open", "replayed since"):
        await add_event(made, event, is_open=event == "open")
    for day in (*OLD, RECENT):
        if day == RECENT:
            await made.open(RECENT)
            await add_event(made, "of late", is_open=False)
            await made.sql(
                "INSERT INTO payment_event_step (payment_event_id, action, who, reason, "
                "outcome_before, outcome, at) SELECT id, 'replay', 'w', 'r', 'failed', 'credited', "
                "now() FROM payment_event WHERE event_id = 'replayed since'"
            )
        await add_readings(made, day)
    await made.publish_heads()
    assert await made.findings() == []
    await made.database.close()
    return name_of(module_database_url)


@pytest.fixture
async def scratch(stack: Stack, days_database: str) -> AsyncGenerator[Scratch]:
    async with own_database(stack, "prepay_ledger", template=days_database) as url:
        made = Scratch(url)
        yield made
        await made.database.close()


async def retire(url: str, *more: str) -> tuple[int, str, str]:
    """``python -m prepay_ledger retire``: exit code, output, errors."""
    return await run("-m", "prepay_ledger", "retire", "--database-url", url, *more)


async def run(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def days_here(scratch: Scratch) -> Mapping[date, int]:
    rows = await scratch.sql("SELECT day, count(*) AS n FROM meter_day GROUP BY 1 ORDER BY 1")
    return {row["day"]: row["n"] for row in rows}


async def days_left(scratch: Scratch) -> list[date]:
    return [row["day"] for row in await scratch.sql("SELECT day FROM left_day ORDER BY 1")]


async def test_days_leave_whole_at_a_bounded_pace_and_all_holds(scratch, tmp_path) -> None:
    folder = str(tmp_path / "exports")
    code, out, _ = await retire(scratch.url, "--list")
    assert code == 0
    assert out.startswith("retire: 0 days have left, 3 before ")
    assert f" would, from {OLD[0]} to {OLD[-1]}; the oldest that is here is {OLD[0]}" in out
    code, out, err = await retire(scratch.url, "--folder", folder, "--days-max", "2")
    assert (code, err) == (0, "")
    assert f"; readings of 2 days, {2 * METERS} rows, " in out.splitlines()[-1]
    assert await days_left(scratch) == OLD[:2]
    assert await days_here(scratch) == {OLD[2]: METERS, RECENT: METERS}
    code, *_ = await retire(scratch.url, "--folder", folder)
    assert code == 0
    assert await days_here(scratch) == {RECENT: METERS}
    assert await scratch.sql("SELECT DISTINCT since FROM left_meter") == [(OLD[0],)]
    code, out, _ = await retire(scratch.url, "--folder", folder)
    nothing = "bodies of 0 payment events; readings of 0 days, 0 rows, 0 bytes"
    assert (code, out) == (0, f"retire: {nothing}\n")
    code, out, err = await run_audit(scratch.url, "--seals-only")
    assert code == 0, out + err
    assert out.endswith(": all holds\n")


async def test_bodies_of_settled_payment_events_leave_and_their_hash_stays(
    scratch, tmp_path
) -> None:
    async def with_bodies() -> set[str]:
        rows = await scratch.sql("SELECT event_id FROM payment_event WHERE body IS NOT NULL")
        return {row["event_id"] for row in rows}

    more = "--folder", str(tmp_path), "--days-max", "0", "--events-max"
    code, out, err = await retire(scratch.url, *more, "1")
    assert (code, err) == (0, "")
    assert "bodies of 1 payment events" in out
    assert len(await with_bodies()) == 4
    assert (await retire(scratch.url, *more, "9"))[0] == 0
    assert await with_bodies() == {"open", "replayed since", "of late"}
    (settled,) = await scratch.sql("SELECT id FROM payment_event WHERE event_id = 'settled'")
    found = await PaymentQueries(scratch.database).event(settled["id"])
    assert found is not None
    row = found.event
    assert (row.headers, row.body, row.plain) == (None, None, None)
    assert row.body_sha256 == sha256(b"b").digest()
    with pytest.raises(asyncpg.CheckViolationError):  # what waits for a person keeps its body
        await scratch.sql("UPDATE payment_event SET body = NULL, headers = NULL, plain = NULL")
    code, out, err = await run_audit(scratch.url, "--seals-only")
    assert (code, out.endswith(": all holds\n")) == (0, True), out + err


async def test_who_needs_what_has_left_reads_it_or_is_refused(scratch, tmp_path) -> None:
    folder = tmp_path / "exports"
    assert (await retire(scratch.url, "--folder", str(folder)))[0] == 0
    connection = await scratch.connect()

    async def whole(*meter_ids: str) -> Mapping[str, list[Reading]]:
        async with connection.transaction():
            kept = await histories_of(connection, meter_ids)
            assert all(each.left_since == OLD[0] for each in kept.values())
            found = await whole_histories_of(connection, list(kept.values()))
        return {meter_id: list(each.readings) for meter_id, each in found.items()}

    found = await whole("m7", "m256")
    assert found == {f"m{n}": sorted(reading(n, day) for day in (*OLD, RECENT)) for n in (7, 256)}
    async with connection.transaction():
        (new,) = (await histories_of(connection, ["new"])).values()
    assert new.left_since is None, "nothing of it has left"
    file = folder / path_of(OLD[1])
    kept = file.read_bytes()
    file.write_bytes(kept[:200] + bytes([kept[200] ^ 1]) + kept[201:])
    with pytest.raises(ReadingsHaveLeft, match="is not what was sealed"):
        await whole(*(f"m{n}" for n in range(METERS)))
    code, out, _ = await run_audit(scratch.url, "--seals-only")
    assert (code, out.splitlines()[0].split(" ")[:2]) == (1, ["left:", str(OLD[1])])
    file.unlink()
    with pytest.raises(ReadingsHaveLeft, match="is not to be had"):
        await whole("m7")
    code, out, err = await run_audit(scratch.url, "--seals-only")
    assert (code, err.count("\n"), "1 could not be checked" in err) == (2, 1, True), err
    assert f"left: {OLD[1]} its readings have left, root only" in out
    assert out.endswith(": all holds, 1 could not be checked here\n")
    again = await run_audit(scratch.url, "--seals-only", "--exports-elsewhere")
    assert again == (0, out, "")
    await connection.close()


@pytest.mark.parametrize("point", POINTS)
async def test_whoever_dies_loses_nothing_and_again_all_leaves(scratch, tmp_path, point) -> None:
    folder = str(tmp_path)
    code, _, err = await run(str(DIES), scratch.url, folder, point)
    assert code == -9, err
    left = await days_left(scratch)
    assert left == (OLD[:1] if point == "committed" else [])
    here = await days_here(scratch)
    assert here == {day: METERS for day in (*OLD, RECENT) if day not in left}
    first = tmp_path / path_of(OLD[0])
    before = first.read_bytes() if first.exists() else None
    assert (before is None) == (point in ("opened", "written"))
    code, _, err = await retire(scratch.url, "--folder", folder)
    assert code == 0, err
    assert await days_here(scratch) == {RECENT: METERS}
    assert before is None or first.read_bytes() == before
    assert sorted(each.name for each in tmp_path.rglob("*") if each.is_file()) == sorted(
        path_of(day).split("/")[-1] for day in OLD
    )
    code, out, err = await run_audit(scratch.url, "--seals-only")
    assert (code, out.endswith(": all holds\n")) == (0, True), out + err


async def test_what_is_not_as_it_was_sealed_stays(scratch, tmp_path) -> None:
    file = tmp_path / path_of(OLD[0])
    file.parent.mkdir(parents=True)
    file.write_bytes(b"somebody's")
    code, _, err = await retire(scratch.url, "--folder", str(tmp_path))
    assert (code, "cannot be read" in err) == (1, True), err
    assert file.read_bytes() == b"somebody's"
    file.unlink()
    connection = await scratch.connect()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "UPDATE meter_day SET packed = '\\x00' WHERE meter_id = 'm7' AND day = $1", OLD[0]
    )
    await connection.close()
    code, _, err = await retire(scratch.url, "--folder", str(tmp_path))
    assert (code, "are not what was sealed" in err) == (1, True), err
    assert await days_left(scratch) == []
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM meter_day",
        "DELETE FROM meter_day WHERE day = '{day}'",
        "WITH l AS ({left}) DELETE FROM meter_day WHERE day = '{day}' AND meter_id = 'm7'",
        "{left}; DELETE FROM meter_day WHERE day = '{day}' AND meter_id = 'm7'",
    ],
)
async def test_the_owner_too_may_only_take_out_a_whole_day_that_was_exported(
    scratch, change
) -> None:
    left = (
        f"INSERT INTO left_day VALUES ('{OLD[0]}', 'f', 0, sha256(''), sha256(''), 0, "
        "'{}', '{}', '{}')"
    )
    connection = await scratch.connect()
    with pytest.raises(asyncpg.RaiseError, match="is refused: what was written there stands"):
        await connection.execute(change.format(day=OLD[0], left=left))
    await connection.close()


async def test_a_lost_connection_is_one_line(scratch, tmp_path) -> None:
    connection = await scratch.connect()
    async with connection.transaction():
        await connection.execute("LOCK left_day IN SHARE MODE")
        run = asyncio.create_task(retire(scratch.url, "--folder", str(tmp_path)))
        waiting = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock'"
        )
        for _ in range(1_000):
            if found := await scratch.sql(waiting):
                break
            await asyncio.sleep(0.05)
        await connection.execute("SELECT pg_terminate_backend($1)", found[0]["pid"])
        code, _, err = await run
    await connection.close()
    assert (code, err.count("\n"), err.startswith("retire: ")) == (2, 1, True), err
    assert await days_left(scratch) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--months", "23"], "may need readings of 24 months"),
        (["--folder", "exports"], "an absolute path"),
        (["--days-max", "-1"], "not below zero"),
    ],
)
async def test_what_was_asked_wrongly_is_refused(scratch, tmp_path, arguments, says) -> None:
    code, _, err = await retire(scratch.url, "--folder", str(tmp_path), *arguments)
    assert (code, says in err) == (2, True), err
    assert await days_left(scratch) == []
