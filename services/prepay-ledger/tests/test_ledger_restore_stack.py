"""The drill: the ledger's database is restored from a backup, and what others keep goes on."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from prepay_ledger.epochs.values import first_number, next_epoch
from prewatt_common.clock import utc_now
from prewatt_common.contracts.topics import LEDGER_CHARGES, METER_EVENTS, METER_READINGS

MICRO = 1_000_000
NAME = "prepay-ledger"


def test_an_epoch_is_above_the_last_and_above_those_that_are_forgotten() -> None:
    now = utc_now()
    first = next_epoch(now=now, last=0)
    assert first > 1_000_000
    assert next_epoch(now=now, last=first) == first + 1
    assert first_number(first) < 2**53
    assert first_number(first + 1) - first_number(first) == 2**24


async def admin(ledger: Any, *statements: str) -> None:
    url = ledger.stack.endpoints.database_url("postgres").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def consuming(ledger: Any) -> tuple[int, dict[str, Any]]:
    answer = await ledger.api.get("/readyz/consume")
    return answer.status_code, answer.json()["checks"]


async def versions(ledger: Any) -> list[int]:
    """Of every charge that was told to billing."""
    consumer = AIOKafkaConsumer(
        LEDGER_CHARGES.name,
        bootstrap_servers=ledger.stack.endpoints.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    found: list[int] = []
    ends = await consumer.end_offsets(list(consumer.assignment()))
    for place, end in ends.items():
        while await consumer.position(place) < end:
            for some in (await consumer.getmany(place, timeout_ms=500)).values():
                found += [row[4] for record in some for row in json.loads(record.value)["charges"]]
    await consumer.stop()
    return found


async def cut_and_paid(ledger: Any, account: Any, meter_id: str, *, minutes: int, wh: int) -> None:
    """Money runs out, the meter opens, somebody pays, it closes."""
    await ledger.read((meter_id, minutes, wh))
    await ledger.until_state(account, "disconnecting")
    await ledger.answer((await ledger.newest(account, "commands"))[0])
    await ledger.until_state(account, "disconnected")
    assert (await ledger.pay(account["number"], 10 * MICRO)).status_code == 200
    await ledger.until_state(account, "reconnecting")
    await ledger.answer((await ledger.newest(account, "commands"))[0])
    await ledger.until_state(account, "connected")


@pytest.mark.stack
@pytest.mark.chaos
async def test_a_restored_ledger_waits_for_a_word_and_then_goes_on_above_all_it_said(
    ledger: Any,
) -> None:
    account, meter_id = await ledger.household()
    await cut_and_paid(ledger, account, meter_id, minutes=60, wh=1_000)
    await asyncio.to_thread(ledger.stack.stop, NAME)
    await admin(ledger, "CREATE DATABASE ledger_backup TEMPLATE prepay_ledger")
    await asyncio.to_thread(ledger.stack.start, NAME)

    await cut_and_paid(ledger, account, meter_id, minutes=120, wh=7_000)
    before = (await ledger.account(account))["balance_micro"]
    said = [each["sequence"] for each in await ledger.newest(account, "commands")]
    told = max(await versions(ledger))
    await asyncio.sleep(6)  # until Kafka was shown the offsets
    await asyncio.to_thread(ledger.stack.stop, NAME)
    await admin(
        ledger,
        "DROP DATABASE prepay_ledger",
        "CREATE DATABASE prepay_ledger TEMPLATE ledger_backup",
    )
    starting = asyncio.create_task(asyncio.to_thread(ledger.stack.start, NAME))

    async def both_wait() -> bool:
        try:
            status, checks = await consuming(ledger)
        except httpx.TransportError:
            return False
        waits = [checks[f"{NAME}.{group}"]["detail"] for group in ("readings", "meter-events")]
        return status == 503 and all("restored from a backup" in each for each in waits)

    await ledger.until(both_wait, what="both consumers wait for a word")
    assert (await ledger.pay(account["number"], MICRO)).status_code == 200  # payments go on
    for topic in (METER_READINGS.name, METER_EVENTS.name):
        body = {"topic": topic, "reason": "the disk of the drill"}
        answer = await ledger.api.post("/v1/offsets/accept", json=body)
        assert answer.status_code == 200, answer.text
        assert all(each["new_offset"] == each["old_offset"] for each in answer.json())
        again = await ledger.api.post("/v1/offsets/accept", json=body)
        assert again.json()["type"].endswith(":nothing-to-accept")

    # Readings since the backup are charged again, from Kafka; the payment since then is gone, as it
    # is until its provider is asked, and one of 1 was made meanwhile.
    await ledger.until_balance(account, before - 10 * MICRO + MICRO)

    async def consumes() -> bool:
        return (await consuming(ledger))[0] == 200

    await ledger.until(consumes, what="it consumes")
    await starting
    await ledger.until_state(account, "disconnecting")
    newest = (await ledger.newest(account, "commands"))[0]["sequence"]
    assert newest > max(said)
    assert max(await versions(ledger)) > told
    await ledger.sums_to_zero()
    (epochs,) = await ledger.sql("SELECT count(*) AS n, min(who) AS who FROM epoch")
    assert (epochs["n"], epochs["who"]) == (2, "test")
    await admin(ledger, "DROP DATABASE ledger_backup")
