"""How to pay stands in a warning, from the ledger over Kafka to the notifier's words."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from test_words_at_the_ledger import PAY_LINKS
from world import MICRO, World, until

from prewatt_devstack.ports import free_ports
from prewatt_devstack.services import WEBHOOK_PROVIDER

pytestmark = pytest.mark.stack

NAME = "prepay-ledger-links"
RELAY_LOCK = 0x0B0C5
"""Whoever has it publishes what the outbox has (`prewatt_common.kafka.outbox`)."""


@dataclass
class Linking:
    """A replica of the world's ledger that pay links are set up for."""

    world: World
    env: dict[str, str]
    url: str

    async def start(self) -> None:
        await asyncio.to_thread(
            self.world.stack.start_service,
            NAME,
            [sys.executable, "-m", "prepay_ledger"],
            env=self.env,
            ready_url=f"{self.url}/readyz",
        )

    async def kill(self) -> None:
        await asyncio.to_thread(self.world.stack.kill, NAME)

    async def warned(self, account_id: str) -> None:
        """The account's limit is above its balance from now on."""
        answer = await self.world.ledger.patch(
            f"{self.url}/v1/accounts/{account_id}", json={"low_balance_micro": 9 * MICRO}
        )
        assert answer.status_code == 200, answer.text

    async def told(self, account_id: str) -> str:
        """The link in the words that the customer was told."""

        async def delivered() -> bool:
            notices = await self.world.notices(account_id)
            return any(n["template"] == "low-balance" and n["status"] == "delivered"
                       for n in notices)  # fmt: skip

        await until(delivered, what="the warning is delivered")
        lines = self.world.stack.logs("notifier").splitlines()
        ours = [each for each in lines if account_id in each]
        (link,) = {link for line in ours for link in re.findall(r"https?://[^/ ]+/p/\w+", line)}
        return link

    async def page(self, link: str) -> httpx.Response:
        async with httpx.AsyncClient(timeout=30) as client:
            return await client.get(link)


@pytest.fixture
async def linking(world: World) -> AsyncGenerator[Linking]:
    (port,) = free_ports(1)
    env = world.stack.service_env("prepay-ledger")
    url = f"http://{env['PREWATT_HTTP_HOST']}:{port}"
    checkout = json.loads(PAY_LINKS["PREWATT_CHECKOUTS"])["cards"]
    links = {
        "PREWATT_PAY_LINK_KEYS": PAY_LINKS["PREWATT_PAY_LINK_KEYS"],
        "PREWATT_CHECKOUTS": json.dumps({WEBHOOK_PROVIDER: checkout}),
        "PREWATT_HTTP_PORT": str(port),
        "PREWATT_INSTANCE_ID": NAME,
        "PREWATT_PUBLIC_BASE_URL": url,
    }
    made = Linking(world, env | links, url)
    await made.start()
    yield made
    await asyncio.to_thread(world.stack.stop, NAME)


async def household(world: World) -> dict[str, Any]:
    """With five units, and no meter."""
    home = world.household()
    account_id = await world.open_account(home)
    paid = await world.pay(home.number, 5 * MICRO)
    assert paid.json()["outcome"] == "credited"
    return {"id": account_id, "number": home.number}


async def test_a_link_that_was_told_opens_its_accounts_page_whoever_dies_in_between(
    world: World, linking: Linking
) -> None:
    account = await household(world)
    url = world.stack.endpoints.database_url("prepay_ledger").replace("+asyncpg", "")
    relay = await asyncpg.connect(url)
    await relay.execute("SELECT pg_advisory_lock($1)", RELAY_LOCK)
    await linking.warned(account["id"])
    waiting = await relay.fetch("SELECT value FROM outbox WHERE key = $1", account["id"].encode())
    assert [b"/p/" in row["value"] for row in waiting if b"threshold" in row["value"]] == [True]
    await linking.kill()
    await relay.close()

    link = await linking.told(account["id"])
    await linking.start()
    page = await linking.page(link)
    assert (page.status_code, account["number"][-4:] in page.text) == (200, True)
    listed = await world.items("prepay-ledger", f"/v1/accounts/{account['id']}/pay-links")
    assert [each["made_by"] for each in listed] == ["prepay-ledger"]
    assert link.rpartition("/")[2] not in str(listed)
