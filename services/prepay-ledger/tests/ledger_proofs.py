"""What proofs of failures share: the day set back, the audit as a command, what does not run."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from aiokafka import AIOKafkaConsumer
from ledger_proxy import DatabaseProxy

from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import LEDGER_FACTS
from prewatt_common.kafka.messages import header

NAME = "prepay-ledger"
BEHIND = "prepay-ledger-behind-proxy"
UTILITY_ZONE = ZoneInfo("Asia/Shanghai")


async def run_audit(url: str, *more: str) -> tuple[int, str, str]:
    """``python -m prepay_ledger audit`` on a database: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prepay_ledger", "audit", "--database-url", url, *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def forget_seals(ledger: Any) -> None:
    """As if no day had been closed yet."""
    await _past_the_triggers(ledger, "TRUNCATE left_day, seal_leaves, seal, sealed_sum")


async def yesterday_goes_on(ledger: Any) -> date:
    """As if yesterday, by the utility's clock, were open still; it is due then. Whatever it is
    that was sealed of it must be forgotten before."""
    yesterday = utc_now().astimezone(UTILITY_ZONE).date() - timedelta(days=1)
    await _past_the_triggers(ledger, f"UPDATE posting_day SET day = '{yesterday}', unsealed = NULL")
    return yesterday


async def _past_the_triggers(ledger: Any, statement: str) -> None:
    url = ledger.stack.endpoints.database_url("prepay_ledger").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)
    await connection.close()


async def sealed_days(ledger: Any) -> list[date]:
    """Every day that has a seal."""
    return [row["day"] for row in await ledger.sql("SELECT day FROM seal ORDER BY day")]


async def consuming(ledger: Any) -> dict[str, str]:
    """What does not run, and why; empty where all does."""
    checks = (await ledger.api.get("/readyz/consume")).json()["checks"]
    return {name: each["detail"] for name, each in checks.items() if not each["ok"]}


async def nothing_to_publish(ledger: Any) -> None:
    """Wait until the outbox is empty."""

    async def empty() -> bool:
        return not await ledger.sql("SELECT FROM outbox LIMIT 1")

    await ledger.until(empty, what="the outbox is empty")


async def told_facts(ledger: Any, *about: str) -> Counter[str]:
    """`told` on `ledger.facts.v1`."""
    return await told(ledger, LEDGER_FACTS.name, *about)


async def told(ledger: Any, topic: str, *about: str) -> Counter[str]:
    """How many events of each type on ``topic`` name one of ``about``. One that was published again
    counts once, and must be the same."""
    await nothing_to_publish(ledger)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=ledger.stack.endpoints.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    found: dict[str, tuple[str, bytes]] = {}
    for place, end in (await consumer.end_offsets(list(consumer.assignment()))).items():
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(place, timeout_ms=500)).get(place, []):
                if any(each.encode() in record.value for each in about):
                    event_id = header(record.headers, "ce_id")
                    event = (header(record.headers, "ce_type"), record.value)
                    assert found.setdefault(event_id, event) == event
    await consumer.stop()
    return Counter(ce_type for ce_type, _ in found.values())


@asynccontextmanager
async def behind_proxy(stack: Any, name: str) -> AsyncGenerator[DatabaseProxy]:
    """The service ``name`` runs as the process ``name``-behind-proxy, and what it says to
    PostgreSQL goes through the proxy. Everybody else goes there directly."""
    host, port = stack.endpoints.postgres_host, stack.endpoints.postgres_port
    behind = f"{name}-behind-proxy"
    await asyncio.to_thread(stack.stop, name)
    async with DatabaseProxy(host=host, port=port).running() as proxy:
        env = stack.service_env(name)
        url = env["PREWATT_DATABASE_URL"].replace(f"{host}:{port}", f"127.0.0.1:{proxy.port}")
        await asyncio.to_thread(
            stack.start_service,
            behind,
            [sys.executable, "-m", name.replace("-", "_")],
            env=env | {"PREWATT_DATABASE_URL": url},
            ready_url=f"{stack.endpoints.service_url(name)}/readyz/consume",
        )
        try:
            yield proxy
        finally:
            await asyncio.to_thread(stack.stop, behind)


@asynccontextmanager
async def ledger_behind_proxy(ledger: Any) -> AsyncGenerator[DatabaseProxy]:
    """The ledger runs as the process `BEHIND`, its database behind the proxy. In the end its books
    hold."""
    async with behind_proxy(ledger.stack, NAME) as proxy:
        yield proxy
        await ledger.sums_to_zero()
        code, out, err = await run_audit(ledger.stack.endpoints.database_url("prepay_ledger"))
        assert code == 0, out + err
    await asyncio.to_thread(ledger.stack.start, NAME)
