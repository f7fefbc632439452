"""What a meter used, over HTTP, on real Kafka and PostgreSQL: from files and from what waits."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from billing.archive.keep_archive import KeepArchive
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Limits
from billing.reconciliation.api_meters import meters_router
from billing.usage.answer_usage import AnswerUsage
from billing.usage.api import usage_router
from billing.usage.postgres import PostgresSnapshots
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_facts_v1 import EditKind, ReadingEdited
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import issue_token
from prewatt_common.ids import new_id
from prewatt_common.local_folder import LocalFolder

FIRST_DAY = date(2026, 10, 1)
DAYS = 20
LATER = datetime(2026, 11, 20, tzinfo=UTC)
HOURLY = [(float(hour), 1_000 + 100 * hour) for hour in range(24 * DAYS + 1)]
RANGE = {"from": "2026-10-01", "to": "2026-10-21"}


@pytest.fixture
async def usage(billing, homes, tmp_path: Path) -> AsyncGenerator[SimpleNamespace]:
    """A household that is read hourly, the archive's folder and its keeper, and a client."""
    folder = LocalFolder(tmp_path / "archive")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = create_app(
        name="billing",
        summary="test",
        auth_public_key=public.decode(),
        routers=[
            usage_router(
                answer=AnswerUsage(snapshots=PostgresSnapshots(billing.database), folder=folder)
            ),
            meters_router(store=billing.comparisons),
        ],
        checks={},
        consuming={},
    )
    token = issue_token(
        private_key_pem=private,
        subject="test",
        scopes=["billing:read"],
        now=utc_now(),
        lifetime=timedelta(minutes=5),
    )
    home = homes(first_day=FIRST_DAY)

    async def keep(*, readings: int = 200_000) -> None:
        """One file a place and turn, of so many readings or few more; merged where it is time."""
        keeper = KeepArchive(
            store=PostgresArchive(billing.database),
            folder=folder,
            limits=Limits(readings=readings, size_bytes=1, seconds=0),
            readers_hold=timedelta(hours=1),
            clock=lambda: LATER,
        )
        await keeper.once()

    await billing.take(home.account, home.tariff, home.agreement(), home.installation())
    async with (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://billing",
            headers={"Authorization": f"Bearer {token}"},
        ) as client,
    ):

        async def ask(resolution: str = "day", kind: str = "", **query: str) -> httpx.Response:
            return await client.get(
                f"/v1/meters/{home.meter_id}/usage{kind}",
                params=RANGE | {"resolution": resolution} | query,
            )

        yield SimpleNamespace(
            home=home, keep=keep, ask=ask, get=client.get, root=tmp_path / "archive"
        )


def _energies(answer: httpx.Response) -> list[int | None]:
    assert answer.status_code == 200, answer.text
    return [each["energy_wh"] for each in answer.json()["slices"]]


@pytest.mark.stack
async def test_days_from_kafka_are_those_that_are_compared(billing, usage) -> None:
    readings = usage.home.readings(HOURLY)
    async with billing.consuming("readings"):
        await billing.publish(readings)

        async def all_there() -> bool:
            rows = await billing.rows(
                "SELECT count(*) FROM meter_day WHERE meter_id = $1", usage.home.meter_id
            )
            return rows[0][0] == DAYS + 1 and (await usage.ask()).json()["energy_wh"] == 48_000

        await billing.until(all_there)
    while (await billing.rows("SELECT count(*) FROM archive_pending"))[0][0]:
        await usage.keep()
    answer = await usage.ask()
    assert _energies(answer) == [2_400] * DAYS
    found = answer.json()
    slices = found.pop("slices")
    assert found == {
        "meter_id": usage.home.meter_id,
        "account_id": str(usage.home.account_id),
        "timezone": "Asia/Shanghai",
        "resolution": "day",
        "energy_wh": 48_000,
    }
    assert slices[0] == {
        "begins_at": "2026-10-01T00:00:00+08:00",
        "ends_at": "2026-10-02T00:00:00+08:00",
        "energy_wh": 2_400,
        "quality": "measured",
    }
    days = (await usage.get(f"/v1/meters/{usage.home.meter_id}/days")).json()["items"]
    assert [(each["day"], each["energy_wh"]) for each in reversed(days)] == [
        (each["begins_at"][:10], each["energy_wh"]) for each in slices
    ]


@pytest.mark.stack
@pytest.mark.parametrize("resolution", ["interval", "hour", "day", "month"])
async def test_every_resolution_adds_up_to_the_registers_rise(billing, usage, resolution) -> None:
    await billing.take_batch(usage.home.readings(HOURLY[::5]))
    await usage.keep()
    answer = (await usage.ask(resolution)).json()
    energies = [each["energy_wh"] or 0 for each in answer["slices"]]
    assert sum(energies) == answer["energy_wh"] == HOURLY[-1][1] - HOURLY[0][1]
    assert {each["quality"] for each in answer["slices"]} <= {"measured", "interpolated"}


@pytest.mark.stack
async def test_nothing_is_missing_while_readings_move_into_files(billing, usage) -> None:
    """Whatever the keeper is at: a reading is in the database, or in a file, for every answer."""
    readings = usage.home.readings(HOURLY)
    for start in range(0, len(readings), 20):
        await billing.take_batch(readings[start : start + 20])
    asked = 0

    async def ask_on(done: asyncio.Event) -> None:
        nonlocal asked
        while not done.is_set():
            assert _energies(await usage.ask()) == [2_400] * DAYS
            asked += 1

    done = asyncio.Event()
    asking = [asyncio.create_task(ask_on(done)) for _ in range(2)]
    while (await billing.rows("SELECT count(*) FROM archive_pending"))[0][0]:
        await usage.keep(readings=20)
    for _ in range(5):
        await usage.keep()
    done.set()
    await asyncio.gather(*asking)
    assert asked > 5


@pytest.mark.stack
async def test_a_glitch_an_edit_and_a_repeat_are_as_in_the_comparison(billing, usage) -> None:
    readings = usage.home.readings(HOURLY)
    at = readings[30].read_at
    glitch = Reading(readings[30].meter_id, at, 900_000, at)
    readings = [*readings[:30], glitch, *readings[31:], *readings[40:60]]
    await billing.take_batch(readings)
    await usage.keep()
    assert _energies(await usage.ask()) == [2_400] * DAYS
    # What came late waits, and what a person decided holds at once.
    edited_at = readings[100].read_at
    await billing.take(
        ReadingEdited(
            edit_id=new_id(),
            meter_id=usage.home.meter_id,
            read_at=edited_at,
            kind=EditKind.SET,
            register_wh=readings[100].import_wh + 40,
            by="wang",
            reason="test",
            at=edited_at,
        )
    )
    by_hour = _energies(await usage.ask("hour"))
    assert by_hour[99:101] == [140, 60]
    assert sum(each or 0 for each in by_hour) == 48_000


@pytest.mark.stack
@pytest.mark.parametrize("resolution", ["interval", "hour", "day"])
async def test_files_say_what_the_answer_says(billing, usage, resolution) -> None:
    await billing.take_batch(usage.home.readings(HOURLY[: 24 * 15]))
    await usage.keep()
    slices = (await usage.ask(resolution)).json()["slices"]
    answer = await usage.ask(resolution, ".csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (
        f"{usage.home.meter_id}-2026-10-01-2026-10-21-{resolution}.csv"
        in (answer.headers["content-disposition"])
    )
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [{**each, "energy_wh": each["energy_wh"] or None} for each in rows] == [
        {**each, "energy_wh": None if each["energy_wh"] is None else str(each["energy_wh"])}
        for each in slices
    ]
    answer = await usage.ask(resolution, ".parquet")
    table = pq.read_table(io.BytesIO(answer.content))
    assert cast(Any, table.schema).metadata[b"timezone"] == b"Asia/Shanghai"
    assert table.to_pylist() == [
        {
            **each,
            "begins_at": datetime.fromisoformat(each["begins_at"]),
            "ends_at": datetime.fromisoformat(each["ends_at"]),
        }
        for each in slices
    ]


@pytest.mark.stack
async def test_refusals(billing, usage, homes) -> None:
    unknown = await usage.get("/v1/meters/m-nobody/usage", params=RANGE)
    assert (unknown.status_code, unknown.json()["type"]) == (
        404,
        "urn:prewatt:problem:unknown-meter",
    )
    for resolution, to, days_max in (
        ("interval", "2026-11-02", 31),
        ("hour", "2027-01-03", 93),
        ("day", "2027-11-06", 400),
        ("month", "2029-01-01", 800),
        ("day", "2026-10-01", 400),
        ("day", "2026-09-01", 400),
    ):
        answer = await usage.ask(resolution, to=to)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:prewatt:problem:usage-out-of-range"
        assert f"ask for 1 to {days_max}" in answer.json()["detail"]
    for wrong in ({"from": "yesterday"}, {"resolution": "year"}, {"to": "2100-01-01"}):
        assert (await usage.ask(**{"resolution": "day"} | wrong)).status_code == 422
    homeless = homes(first_day=FIRST_DAY)
    await billing.take(homeless.installation())
    answer = await usage.get(f"/v1/meters/{homeless.meter_id}/usage", params=RANGE)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:prewatt:problem:no-local-time")


@pytest.mark.stack
async def test_an_archive_that_cannot_be_read_gives_nothing_rather_than_less(
    billing, usage
) -> None:
    await billing.take_batch(usage.home.readings(HOURLY))
    await usage.keep()
    path = sorted(usage.root.rglob("*.parquet"))[7]
    path.write_bytes(b"PAR1 and then nonsense")
    for kind in ("", ".csv", ".parquet"):
        answer = await usage.ask(kind=kind)
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:prewatt:problem:archive-unreadable"
    path.unlink()
    assert (await usage.ask()).status_code == 503
