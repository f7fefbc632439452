"""A log that begins again after ``prewatt offsets accept``: it brings each reading once."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from billing.archive.columns import unpacked
from billing.intake import subscriptions
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.db.database import driver
from prewatt_common.kafka.accept import Offsets
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.schema import fits

pytestmark = pytest.mark.stack

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
LOST = {
    # Offsets that were given out before are given out again.
    "beyond-log": "UPDATE consumer_offset SET next_offset = next_offset + 1000000",
    # As if all of the old topic were in the new one.
    "topic-made-anew": "UPDATE consumer_offset SET topic_id = gen_random_uuid()",
}


def at_hours(meter_id: str, *hours: int) -> list[Reading]:
    """Of that meter."""
    instants = [MIDNIGHT + timedelta(hours=each) for each in hours]
    return [
        Reading(meter_id, at, 1_000 * hour, at) for hour, at in zip(hours, instants, strict=True)
    ]


@asynccontextmanager
async def consuming(billing: Any, subscription: Subscription) -> AsyncGenerator[None]:
    """As a group of that very name."""
    stop = asyncio.Event()
    worker = Consumer(
        subscription=subscription,
        database=billing.database,
        bootstrap=billing.bootstrap,
        relay=OutboxRelay(database=billing.database, producer=billing.producer),
        fits=fits(billing.database, package="billing"),
    )
    task = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.mark.parametrize("lost", LOST)
async def test_what_is_there_is_left_out_and_what_is_new_is_taken(billing, lost: str) -> None:
    name = f"again-{uuid4().hex[:10]}"
    # One twice, as from a gateway that did not hear that Kafka has it.
    before, meanwhile = at_hours(name, 0, 1, 1, 2), at_hours(name, 3)
    after = at_hours(name, 4, 0)
    subscription = next(
        replace(each, group=f"{each.group}.{uuid4()}")
        for each in subscriptions(billing.settings)
        if METER_READINGS in each.topics
    )

    async def archived() -> Counter[tuple[datetime, int]]:
        blocks = await billing.rows("SELECT packed FROM archive_pending ORDER BY id")
        return Counter(
            (row["read_at"], row["import_wh"])
            for row in unpacked([each["packed"] for each in blocks]).to_pylist()
            if row["meter_id"] == name
        )

    def come(*batches: Sequence[Reading]) -> Any:
        wanted = Counter((each.read_at, each.import_wh) for some in batches for each in some)

        async def holds() -> bool:
            found = await archived()
            assert found <= wanted
            return found == wanted

        return holds

    await billing.publish(before)
    async with consuming(billing, subscription):
        await billing.until(come(before))
    async with billing.database.transaction() as connection:
        await (await driver(connection)).execute(LOST[lost])
    await billing.publish(meanwhile)
    accepted = await Offsets(
        database=billing.database,
        bootstrap=billing.bootstrap,
        subscriptions=[subscription],
        clock=utc_now,
    ).accept(topic=METER_READINGS.name, go_on=None, who="test", reason="lost")
    assert accepted
    # Written after that word, so it is a repeat that came, and stays.
    await billing.publish(after)
    async with consuming(billing, subscription):
        await billing.until(come(before, meanwhile, after))
