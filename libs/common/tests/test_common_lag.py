"""Lag is exported for the partitions that a process holds, and for no others."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from prewatt_common.kafka import consumer as consume_loop
from prewatt_common.metrics import CONSUMER_LAG

pytestmark = pytest.mark.stack


def exported(group):
    return {
        sample.labels["partition"]
        for metric in CONSUMER_LAG.collect()
        for sample in metric.samples
        if sample.labels["group"] == group
    }


async def until(holds):
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - another task's state
            await asyncio.sleep(0.05)


async def test_partitions_that_went_elsewhere_show_no_lag_here(loop, monkeypatch):
    monkeypatch.setattr(consume_loop, "_REPORT_EVERY_S", 0.1)
    await loop.send(*range(30))
    async with loop.running(loop.consumer()):
        await until(lambda: exported(loop.group) == {"0", "1", "2"})
        other = AIOKafkaConsumer(
            loop.topic.name,
            bootstrap_servers=loop.stack.endpoints.kafka_bootstrap,
            group_id=loop.group,
            enable_auto_commit=False,
        )
        await other.start()
        try:
            async with asyncio.timeout(60):
                while not other.assignment():
                    await other.getmany(timeout_ms=100)
            theirs = {str(place.partition) for place in other.assignment()}
            await until(lambda: exported(loop.group) == {"0", "1", "2"} - theirs)
        finally:
            await other.stop()
        await until(lambda: exported(loop.group) == {"0", "1", "2"})
    assert exported(loop.group) == set()
