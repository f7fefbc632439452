"""Dead letters of every consumer, replayed on the real services: nothing takes effect twice."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from test_main_loop import KWH_A_STEP, step
from typer.testing import CliRunner, Result
from world import MICRO, World, until

from prewatt_cli.__main__ import app
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.topics import (
    LEDGER_CHARGES,
    LEDGER_EVENTS,
    LEDGER_FACTS,
    METER_COMMANDS,
    METER_EVENTS,
    METER_READINGS,
    NOTICE_EVENTS,
    Topic,
)
from prewatt_common.kafka.dead_letters import dead_letter
from prewatt_common.kafka.producer import Producer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

GROUPS: dict[str, tuple[str, Topic]] = {
    "prepay-ledger.readings": ("prepay-ledger", METER_READINGS),
    "prepay-ledger.meter-events": ("prepay-ledger", METER_EVENTS),
    "prepay-ledger.notices": ("prepay-ledger", NOTICE_EVENTS),
    "billing.readings": ("billing", METER_READINGS),
    "billing.accounts": ("billing", LEDGER_EVENTS),
    "billing.hardship": ("billing", LEDGER_EVENTS),
    "billing.facts": ("billing", LEDGER_FACTS),
    "billing.charges": ("billing", LEDGER_CHARGES),
    "notifier.ledger-events": ("notifier", LEDGER_EVENTS),
    "meter-gateway.commands": ("meter-gateway", METER_COMMANDS),
}
"""Every consumer there is: its service and topic."""


def prewatt(world: World, *arguments: str) -> Result:
    """What `prewatt` says to a person."""
    return CliRunner().invoke(
        app,
        [*arguments, "--state-dir", str(world.stack.state_dir)],
        env={"COLUMNS": "400", "LINES": "100"},
    )


async def records_of(world: World, topic: Topic, *words: str) -> Sequence[ConsumerRecord]:
    """The records that tell of one of ``words``."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=world.stack.endpoints.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await reader.start()
    try:
        await reader._client.force_metadata_update()
        await reader.topics()
        places = [
            TopicPartition(topic.name, each)
            for each in reader.partitions_for_topic(topic.name) or ()
        ]
        reader.assign(places)
        ends = await reader.end_offsets(places)
        found: list[ConsumerRecord] = []
        while any([await reader.position(place) < end for place, end in ends.items()]):
            for some in (await reader.getmany(timeout_ms=300)).values():
                found += [each for each in some if any(w.encode() in each.value for w in words)]
        return found
    finally:
        await reader.stop()


async def state_of(world: World, home: Any, account_id: str) -> dict[str, Any]:
    """All that anybody says of the household."""
    billed = await world._get("billing", f"/v1/meters/{home.meter_id}/days")
    return {
        "account": await world.account(home.number),
        "entries": await world.items("prepay-ledger", f"/v1/accounts/{account_id}/entries"),
        "decisions": await world.decisions(account_id),
        "commands": await world.commands(account_id),
        "notices": await world.notices(account_id),
        "billed": billed,
        "devices": (await world.gateway.get(f"/v1/devices/{home.meter_id}")).json(),
    }


async def test_a_record_of_any_consumer_that_is_replayed_though_it_was_handled_changes_nothing(
    world: World,
) -> None:
    """The worst that a replay may meet: all of a household's records, each handled before."""
    home = world.household(balance_micro=2 * MICRO, low_balance_micro=MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        for number in range(1, 5):
            account = await world.settled(home, read_at=await step(world, fleet, number))
        await fleet.wait_relay(home.meter_id, RelayState.OPEN, timeout=60)
        await world.in_state(home, "disconnected")
        await world.pay(home.number, 3 * MICRO)
        await fleet.wait_relay(home.meter_id, RelayState.CLOSED, timeout=60)
        await world.in_state(home, "connected")
        account_id = account["id"]
        await world.agrees({account_id})

        async def all_told() -> bool:
            notices = await world.notices(account_id)
            return len(notices) == 5 and all(each["status"] == "delivered" for each in notices)

        await until(all_told, what="every notice is delivered")
        before = await state_of(world, home, account_id)

        replayed = dict.fromkeys(GROUPS, 0)
        producer = Producer(bootstrap=world.stack.endpoints.kafka_bootstrap)
        for group, (service, topic) in GROUPS.items():
            records = await records_of(world, topic, account_id, home.meter_id)
            await producer.send(
                [
                    dead_letter(
                        record=each, reason="forged", detail=home.number, by=group, at=utc_now()
                    )
                    for each in records
                ]
            )
            letters = [
                each["id"]
                for each in await world.items(service, "/v1/dead-letters", topic=topic.name)
                if (each["group"], each["detail"]) == (group, home.number)
            ]
            assert len(letters) == len(records)
            replay = ["dlq", "replay", *letters, "--service", service, "--reason", "a test"]
            done = await asyncio.to_thread(prewatt, world, *replay, "--who", "ann")
            assert done.exit_code == 0, done.output
            assert done.stdout.count(": handled") == len(records)
            again = await asyncio.to_thread(prewatt, world, *replay)
            assert again.stdout.count("was handled by a replay before") == len(records)
            replayed[group] = len(records)
        await producer.stop()
        assert all(replayed.values()), replayed

        await asyncio.sleep(2)
        assert await state_of(world, home, account_id) == before
        await world.agrees({account_id})
        assert set(fleet.meters[home.meter_id].commands.executions.values()) == {1}

    listed = await asyncio.to_thread(
        prewatt,
        world,
        "dlq",
        "list",
        "--service",
        "billing",
        "--topic",
        LEDGER_EVENTS.name,
        "--all",
    )
    assert home.number in listed.stdout
    (letter, *_) = [line.split()[1] for line in listed.stdout.splitlines() if home.number in line]
    shown = await asyncio.to_thread(prewatt, world, "dlq", "show", letter, "--service", "billing")
    whole = json.loads(shown.stdout)
    assert [(each["who"], each["outcome"]) for each in whole["replays"]] == [("ann", "handled")]


async def test_bad_input_is_one_line_and_exit_code_2(world: World) -> None:
    for arguments, said in (
        (("dlq", "show", "x", "--service", "billing"), "404: there is no dead letter x"),
        (("dlq", "list", "--service", "b"), "b is none of"),
        (("dlq", "replay", "y:1", "--service", "billing", "--reason", "r"), "404:"),
        (("offsets", "accept", "--service", "billing", "--topic", "t", "--reason", "r"), "409:"),
        (
            ("offsets", "accept", "--service", "billing", "--topic", "t", "--reason", " "),
            "422:",
        ),
    ):
        done = await asyncio.to_thread(prewatt, world, *arguments)
        assert done.exit_code == 2
        (line,) = done.stderr.splitlines()
        assert said in line
