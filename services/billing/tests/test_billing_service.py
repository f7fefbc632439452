"""The service as it is run: killed half way, it ends where one that was not killed would."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import duckdb
import httpx
import pytest

from billing.archive.keep_archive import KeepArchive
from billing.archive.postgres import PostgresArchive
from billing.archive.values import Limits
from billing.reconciliation.compare import Kind
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Database
from prewatt_common.http.auth import issue_token
from prewatt_common.local_folder import LocalFolder

pytestmark = pytest.mark.stack

_WAIT_S = 60.0


@pytest.fixture
async def service(stack) -> AsyncGenerator[httpx.AsyncClient]:
    """Billing as a process on the stack's own database, and a client that may read there."""
    await asyncio.to_thread(stack.start_services, "billing")
    token = issue_token(
        private_key_pem=stack.keys.auth_private,
        subject="test",
        scopes=["billing:read"],
        now=utc_now(),
        lifetime=timedelta(minutes=10),
    )
    async with httpx.AsyncClient(
        base_url=stack.endpoints.service_url("billing"),
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        yield client
    await asyncio.to_thread(stack.stop, "billing")


async def compared(service: httpx.AsyncClient, home: Any, month: str) -> dict[str, Any] | None:
    """The comparison of a household's period, whatever its kind; none where there is none."""
    query: dict[str, Any] = {"kind": list(Kind), "limit": 1_000}
    page = (await service.get(f"/v1/reconciliation/{month}", params=query)).raise_for_status()
    return next(
        (each for each in page.json()["items"] if each["agreement_id"] == str(home.agreement_id)),
        None,
    )


async def test_a_kill_half_way_changes_nothing(stack, service, billing, homes, reads) -> None:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    home = homes(first_day=today - timedelta(days=40))
    readings = home.readings(reads(5))
    posted = home.posted(readings, today=today)
    month = f"{home.first_day:%Y-%m}"

    async def until(*kinds: str) -> dict[str, Any]:
        async with asyncio.timeout(_WAIT_S):
            while True:
                found = await compared(service, home, month)
                if found is not None and found["kind"] in kinds:
                    return found
                await asyncio.sleep(0.1)

    await billing.publish([*readings[:60], *home.facts[:2], posted])
    # Where its meter hangs is not told yet: billing knows of no use.
    await until("in_flight", "differs")
    stack.kill("billing")
    await billing.publish([*readings[60:], home.account, *home.facts[2:]])
    await asyncio.to_thread(stack.start, "billing")
    found = await until("agrees")
    assert found["account_number"] == home.account.number
    assert found["billing"]["total_micro"] == posted.charges[0].total_micro
    days = (await service.get(f"/v1/meters/{home.meter_id}/days")).raise_for_status().json()
    assert sum(each["energy_wh"] for each in days["items"]) == sum(
        each.energy_wh for each in posted.charges
    )


async def test_killed_while_it_takes_readings_each_is_archived_once(
    stack, service, billing
) -> None:
    """Kafka to files by the service itself, SIGKILL in between; a keeper beside it hurries it."""
    at = utc_now().replace(microsecond=0)
    meters = [f"k-{uuid4().hex[:10]}" for _ in range(20)]
    database = Database(url=stack.endpoints.database_url("billing"))
    root = stack.state_dir / "archive"
    keeper = KeepArchive(
        store=PostgresArchive(database),
        folder=LocalFolder(root),
        limits=Limits(readings=200_000, size_bytes=1, seconds=0),
        readers_hold=timedelta(hours=1),
        clock=utc_now,
    )
    for step in range(12):
        await billing.publish(
            [Reading(meter, at + timedelta(minutes=step), step, at) for meter in meters]
        )
        if step in (3, 7):
            await asyncio.to_thread(stack.kill, "billing")
            await asyncio.to_thread(stack.start, "billing")
        await keeper.once()

    def archived() -> Counter[tuple[str, int]]:
        paths = [
            str(root / line.split("\t")[0])
            for day in root.glob("day=*/_files")
            for line in day.read_text().splitlines()
        ]
        query = "SELECT meter_id, import_wh FROM read_parquet(?) WHERE meter_id LIKE 'k-%'"
        with duckdb.connect() as connection:
            found = connection.execute(query, [paths]).fetchall() if paths else []
        return Counter(row for row in found if row[0] in meters)

    async with asyncio.timeout(_WAIT_S):
        while archived().total() < 12 * len(meters):
            await keeper.once()
            await asyncio.sleep(0.2)
    assert archived() == Counter((meter, step) for meter in meters for step in range(12))
    await database.close()
