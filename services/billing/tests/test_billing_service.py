"""The service as it is run: killed half way, it ends where one that was not killed would."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from billing.reconciliation.compare import Kind
from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

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
