"""HTTP and consuming are two things: what each says while Kafka is away, and who is told."""

import asyncio

import httpx
import pytest

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

GROUPS = {"prepay-ledger.readings", "prepay-ledger.meter-events", "prepay-ledger.notices"}


async def alerts(ledger, name):
    async with httpx.AsyncClient(base_url=ledger.stack.endpoints.prometheus_url) as client:
        answer = await client.get(
            "/api/v1/query", params={"query": f'ALERTS{{alertname="{name}", job="prepay-ledger"}}'}
        )
    return {each["metric"]["consumer"] for each in answer.json()["data"]["result"]}


async def test_payments_are_taken_while_kafka_is_away_and_the_consumers_say_so(ledger):
    account, _ = await ledger.household(paid_micro=1_000_000)
    await asyncio.to_thread(ledger.stack.kill, "kafka")
    try:
        async with ledger.http() as client:

            async def not_consuming():
                answer = await client.get("/readyz/consume")
                checks = answer.json()["checks"]
                away = {name for name, each in checks.items() if "Kafka is away" in each["detail"]}
                return answer.status_code == 503 and away == GROUPS

            await ledger.until(not_consuming, what="both consumers miss Kafka")
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/readyz/consume?within_s=0")).status_code == 200
        paid = await ledger.pay(account["number"], 2_000_000)
        assert paid.is_success, paid.text
        await ledger.until_balance(account, 3_000_000)

        async def alerted():
            return await alerts(ledger, "ConsumersStopped") == GROUPS

        await ledger.until(alerted, what="the alert has begun")
    finally:
        await asyncio.to_thread(ledger.stack.start, "kafka")

    async def well():
        async with ledger.http() as client:
            consuming = (await client.get("/readyz/consume")).status_code == 200
        return consuming and not await alerts(ledger, "ConsumersStopped")

    await ledger.until(well, what="the consumers run and the alert is over")
