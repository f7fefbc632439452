"""Commands from Kafka to the relay and their answers back, on real parts."""

import asyncio
from uuid import uuid4

import msgspec
import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import MqttOutcome, MqttResponse
from prewatt_common.contracts.topics import METER_EVENTS
from prewatt_common.kafka.messages import header

pytestmark = pytest.mark.stack

SENT, SUCCEEDED = CommandStatus.SENT, CommandStatus.SUCCEEDED


def response(command_id, *, outcome=MqttOutcome.SUCCEEDED, detail=""):
    return msgspec.json.encode(
        MqttResponse(
            command_id=command_id,
            outcome=outcome,
            relay=RelayState.OPEN,
            at=utc_now(),
            detail=detail,
        )
    )


async def stored(gateway, command):
    async with gateway.http("gateway:read") as client:
        return (await client.get(f"/v1/commands/{command.command_id}")).json()


async def test_a_signed_command_moves_the_relay_once(gateway):
    (meter_id,) = await gateway.meters()
    async with gateway.fleet([meter_id]) as fleet:
        command = await gateway.command(meter_id)
        await fleet.wait_relay(meter_id, RelayState.OPEN, timeout=60)
        assert await gateway.progress(command, SUCCEEDED) == [SENT, SUCCEEDED]
        events = await gateway.events(meter_id, lambda e: len(e) >= 3)
        (done,) = [e for e in events if e.get("status") == "succeeded"]
        assert (done["relay"], done["action"]) == ("open", "disconnect")
        told = [(e["kind"], e["relay"]) for e in events if "kind" in e]
        assert told == [("relay_moved", "open")]
        assert fleet.meters[meter_id].commands.executions == {command.command_id: 1}
        assert fleet.summary().commands_refused == 0

        # The same record again, as after a crash of the ledger's relay.
        await gateway.send(command, command)
        back = await gateway.command(meter_id, RelayAction.RECONNECT, sequence=2)
        await fleet.wait_relay(meter_id, RelayState.CLOSED, timeout=60)
        assert await gateway.progress(back, SUCCEEDED) == [SENT, SUCCEEDED]
        assert await gateway.progress(command, SUCCEEDED) == [SENT, SUCCEEDED]
        assert fleet.meters[meter_id].commands.executions == {
            command.command_id: 1,
            back.command_id: 1,
        }
        kept = await stored(gateway, command)
        assert (kept["status"], kept["relay"], kept["attempts"]) == ("succeeded", "open", 1)


async def test_a_newer_command_supersedes_the_older_that_nobody_answered(gateway):
    (meter_id,) = await gateway.meters()
    cut = await gateway.command(meter_id, sequence=1)
    await gateway.progress(cut, SENT)
    back = await gateway.command(meter_id, RelayAction.RECONNECT, sequence=2)
    assert await gateway.progress(cut, CommandStatus.SUPERSEDED) == [
        SENT,
        CommandStatus.SUPERSEDED,
    ]
    late = await gateway.command(meter_id, sequence=1)
    assert await gateway.progress(late, CommandStatus.SUPERSEDED) == [CommandStatus.SUPERSEDED]
    async with gateway.fleet([meter_id], announce=True) as fleet:
        assert SUCCEEDED in await gateway.progress(back, SUCCEEDED)
        assert fleet.meters[meter_id].relay is RelayState.CLOSED
        assert cut.command_id not in fleet.meters[meter_id].commands.executions


async def test_an_expired_command_is_never_sent_and_still_supersedes(gateway):
    (meter_id,) = await gateway.meters()
    expired = await gateway.command(meter_id, lifetime_s=-1)
    assert await gateway.progress(expired, CommandStatus.EXPIRED) == [CommandStatus.EXPIRED]
    waiting = await gateway.command(meter_id, sequence=2)
    await gateway.progress(waiting, SENT)
    newer = await gateway.command(meter_id, RelayAction.RECONNECT, sequence=3, lifetime_s=-1)
    assert await gateway.progress(newer, CommandStatus.EXPIRED) == [CommandStatus.EXPIRED]
    assert await gateway.progress(waiting, CommandStatus.SUPERSEDED) == [
        SENT,
        CommandStatus.SUPERSEDED,
    ]
    assert (await stored(gateway, expired))["attempts"] == 0


async def test_a_command_that_nobody_answers_expires(gateway):
    (meter_id,) = await gateway.meters()
    command = await gateway.command(meter_id, lifetime_s=4)
    assert await gateway.progress(command, CommandStatus.EXPIRED) == [SENT, CommandStatus.EXPIRED]
    assert (await stored(gateway, command))["attempts"] == 1


async def test_a_meter_that_was_away_gets_its_command(gateway):
    (meter_id,) = await gateway.meters()
    async with await gateway.own_connections([meter_id]):
        pass
    command = await gateway.command(meter_id)
    await gateway.progress(command, SENT)
    async with await gateway.own_connections([meter_id]) as fleet:
        await fleet.wait_relay(meter_id, RelayState.OPEN, timeout=60)
        assert await gateway.progress(command, SUCCEEDED) == [SENT, SUCCEEDED]
        assert fleet.meters[meter_id].commands.executions == {command.command_id: 1}


async def test_an_answer_to_no_command_is_a_dead_letter(gateway):
    (meter_id,) = await gateway.meters()
    async with gateway.fleet([meter_id]) as fleet:
        payload = response(uuid4())
        await fleet.publish_bytes(meter_id=meter_id, topic="response", payload=payload)
        (letter,) = await gateway.dead_letters(METER_EVENTS.name, meter_id)
        assert header(letter.headers, "dlq_reason") == "unknown_command"
        assert header(letter.headers, "dlq_source") == f"mqtt/prewatt/v1/{meter_id}/response"
        assert letter.value == payload
        await gateway.flows(fleet, meter_id)


async def test_a_meter_cannot_answer_for_another(gateway):
    victim, other = await gateway.meters(2)
    command = await gateway.command(victim)
    await gateway.progress(command, SENT)
    async with gateway.fleet([other]) as fleet:
        await fleet.publish_bytes(
            meter_id=other, topic="response", payload=response(command.command_id)
        )
        (letter,) = await gateway.dead_letters(METER_EVENTS.name, other)
        assert header(letter.headers, "dlq_reason") == "unknown_command"
    assert (await stored(gateway, command))["status"] == "sent"
    async with gateway.fleet([victim], announce=True) as fleet:
        await fleet.wait_relay(victim, RelayState.OPEN, timeout=60)
        assert await gateway.progress(command, SUCCEEDED) == [SENT, SUCCEEDED]


async def test_answers_that_come_together_count_in_their_order(gateway):
    """They wait at the broker while the gateway is away, and are one batch on its return."""
    one, other = await gateway.meters(2)
    commands = [await gateway.command(meter_id) for meter_id in (one, other)]
    for command in commands:
        await gateway.progress(command, SENT)
    first, second = (command.command_id for command in commands)
    failed = response(first, outcome=MqttOutcome.FAILED, detail="moved back")
    async with gateway.fleet([one, other], command_public_keys={}) as fleet:
        async with gateway.without("meter-gateway"):
            for meter_id, payload in (
                (one, response(first)),
                (one, response(first)),
                (one, response(second)),
                (one, failed),
                (other, response(second)),
            ):
                await fleet.publish_bytes(meter_id=meter_id, topic="response", payload=payload)
            await fleet.drain()
        (letter,) = await gateway.dead_letters(METER_EVENTS.name, one)
        assert str(second) in letter.value.decode()
        told = await gateway.progress(commands[0], CommandStatus.FAILED)
        assert told == [SENT, SUCCEEDED, CommandStatus.FAILED]
        assert await gateway.progress(commands[1], SUCCEEDED) == [SENT, SUCCEEDED]
    kept = await stored(gateway, commands[0])
    assert (kept["status"], kept["detail"]) == ("failed", "moved back")


async def test_an_answer_that_no_column_can_hold_counts_all_the_same(gateway):
    (meter_id,) = await gateway.meters()
    command = await gateway.command(meter_id)
    await gateway.progress(command, SENT)
    # Nobody obeys here: the answer is ours, and comes before the meter is connected.
    async with gateway.fleet([meter_id], command_public_keys={}) as fleet:
        payload = response(command.command_id, detail="a\0b")
        await fleet.publish_bytes(meter_id=meter_id, topic="response", payload=payload)
        await gateway.progress(command, SUCCEEDED)
    assert (await stored(gateway, command))["detail"] == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("response", b'{"command_id": "no", "outcome": "succeeded"}'),
        ("event", b'{"kind": "party", "at": "2026-03-01T00:00:00Z"}'),
        ("event", b"\xff\xfe"),
        ("status", b"asleep"),
        ("status", b"\xff"),
    ],
)
async def test_a_report_that_makes_no_sense_stops_nothing(gateway, topic, payload):
    (meter_id,) = await gateway.meters()
    async with gateway.fleet([meter_id]) as fleet:
        await fleet.publish_bytes(meter_id=meter_id, topic=topic, payload=payload)
        (letter,) = await gateway.dead_letters(METER_EVENTS.name, meter_id)
        assert header(letter.headers, "dlq_reason") == "undecodable"
        assert letter.value == payload
        command = await gateway.command(meter_id)
        await fleet.wait_relay(meter_id, RelayState.OPEN, timeout=60)
        await gateway.progress(command, SUCCEEDED)


async def test_no_command_is_lost_nor_executed_twice_when_the_gateway_is_killed(gateway):
    meter_ids = await gateway.meters(20)
    async with gateway.fleet(meter_ids) as fleet:
        commands = [await gateway.command(meter_id) for meter_id in meter_ids]
        async with gateway.without("meter-gateway"):
            await asyncio.sleep(0.5)
        for command in commands:
            await fleet.wait_relay(command.meter_id, RelayState.OPEN, timeout=60)
            assert SUCCEEDED in await gateway.progress(command, SUCCEEDED)
            executed = fleet.meters[command.meter_id].commands.executions
            assert executed == {command.command_id: 1}
