"""What an import tells on Kafka, and that a kill in the middle of one loses and doubles nothing."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from prewatt_cli.imports import ImportStopped, import_csv
from prewatt_common.contracts.gathered_v1 import AccountsOpened, InstallationsSet
from prewatt_common.contracts.ledger_events_v1 import AccountOpened, BalanceExhausted
from prewatt_common.contracts.ledger_facts_v1 import InstallationSet
from prewatt_common.contracts.topics import LEDGER_EVENTS, LEDGER_FACTS, Topic
from prewatt_common.kafka.messages import header

pytestmark = pytest.mark.stack

PLAIN = "number,currency,tariff_code,first_day,meter_id,begins_at"


@pytest.mark.timeout(200)
async def test_killed_in_an_import_each_household_is_there_once_in_the_end(ledger: Any) -> None:
    count, run = 3_000, uuid4().hex[:8]
    lines = [f"{PLAIN},opening_balance_micro\n".encode()] + [
        f"{run}-{n},CNY,test-flat,2026-03-01,{run}-{n},2026-03-01T00:00:00Z,7\n".encode()
        for n in range(count)
    ]

    async def there(table: str, where: str) -> int:
        (row,) = await ledger.sql(
            f"SELECT count(*) AS n FROM {table} WHERE {where} LIKE $1",
            f"{run}-%",
        )
        return row["n"]

    async def some_are_there() -> bool:
        return await there("account", "number") > 0

    def send_all() -> Any:
        with httpx.Client(
            base_url=str(ledger.api.base_url), headers=ledger.api.headers, timeout=60
        ) as client:
            return import_csv(client, "/v1/accounts/import", lines, portion_lines=200)

    sending = asyncio.create_task(asyncio.to_thread(send_all))
    await ledger.until(some_are_there, what="the first portion is there")
    await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
    with pytest.raises(ImportStopped, match="each whole"):
        await sending
    before = await there("account", "number")
    assert 0 < before < count and before % 200 == 0
    await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
    counted = await asyncio.to_thread(send_all)
    assert counted == {"opened": count - before, "existing": before}
    assert await there("account", "number") == await there("installation", "meter_id") == count
    assert await there("fact", "body::jsonb ->> 'meter_id'") == count
    await ledger.sums_to_zero()
    records = await everything_told(ledger, LEDGER_FACTS)
    told = [each for each in installations_of(records) if each["meter_id"].startswith(f"{run}-")]
    # One that was sent as the ledger was killed may come again, and is known by its id.
    assert len({each["installation_id"] for each in told}) == count
    assert {each["meter_id"] for each in told} == {f"{run}-{n}" for n in range(count)}


async def test_what_comes_after_an_import_is_told_after_it(ledger: Any) -> None:
    """On the partition of its account, though many accounts share a record there."""
    run = uuid4().hex[:8]
    lines = [f"{PLAIN},opening_balance_micro"] + [
        f"{run}-{n},CNY,test-flat,2026-03-01,{run}-{n},2026-03-01T00:00:00Z,-1" for n in range(60)
    ]
    answer = await ledger.api.post(
        "/v1/accounts/import",
        params={"prepay_agreement": "direct"},
        content="\n".join(lines),
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    rows = await ledger.sql("SELECT id FROM account WHERE number LIKE $1", f"{run}-%")
    mine = {str(row["id"]) for row in rows}
    opened, exhausted = dict[str, Any](), dict[str, Any]()
    for record in await everything_told(ledger, LEDGER_EVENTS):
        value, place = json.loads(record.value), (record.partition, record.offset)
        match header(record.headers, "ce_type"):
            case AccountsOpened.ce_type | AccountOpened.ce_type:
                for each in value.get("events", [value]):
                    opened.setdefault(each["account_id"], place)
            case BalanceExhausted.ce_type:
                exhausted.setdefault(value["account_id"], place)
            case _:
                pass
    assert len(mine) == 60
    for account_id in mine:
        assert opened[account_id][0] == exhausted[account_id][0]
        assert opened[account_id] < exhausted[account_id]
    assert len({opened[each] for each in mine}) < 60


def installations_of(records: list[Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for record in records:
        if header(record.headers, "ce_type") == InstallationsSet.ce_type:
            found += json.loads(record.value)["events"]
        elif header(record.headers, "ce_type") == InstallationSet.ce_type:
            found.append(json.loads(record.value))
    return found


async def everything_told(ledger: Any, topic: Topic) -> list[Any]:
    """What is on the topic once the outbox is empty."""

    async def all_is_sent() -> bool:
        return not await ledger.sql("SELECT FROM outbox LIMIT 1")

    await ledger.until(all_is_sent, what="everything is sent")
    consumer = AIOKafkaConsumer(
        topic.name,
        bootstrap_servers=ledger.stack.endpoints.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[Any] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for some in (await consumer.getmany(timeout_ms=500)).values():
                records += some
        return records
    finally:
        await consumer.stop()
