"""Key messages on their way to meters that come, go and have commands waiting, on real parts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiomqtt
import msgspec
import pytest
from gateway_ledger import key_message_of

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, Presence, RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import (
    CommandClaims,
    MqttEvent,
    MqttEventKind,
    MqttOutcome,
    MqttResponse,
    MqttStatus,
)
from prewatt_simulator.commands import CommandKeys, SignedKey

pytestmark = pytest.mark.stack

PUBLIC = "gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q"
QUIET_S = 3.0
"""Longer than anything that would come takes."""


class Listener:
    """A meter that keeps what reaches it, and says only what it is told to say."""

    def __init__(self, client: aiomqtt.Client, meter_id: str, keys: CommandKeys) -> None:
        self._client = client
        self._meter_id = meter_id
        self._keys = keys
        self.got: list[CommandClaims | SignedKey] = []
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        await self._client.subscribe(f"prewatt/v1/{self._meter_id}/command", qos=1)
        async for message in self._client.messages:
            found = self._keys.check(message.payload)
            assert isinstance(found, CommandClaims | SignedKey)
            async with self._news:
                self.got.append(found)
                self._news.notify_all()

    async def say(self, kind: str, what: msgspec.Struct) -> None:
        topic = f"prewatt/v1/{self._meter_id}/{kind}"
        await self._client.publish(topic, msgspec.json.encode(what), qos=1)

    async def come(self, session: str) -> None:
        await self.say("status", MqttStatus(presence=Presence.ONLINE, session=session))

    async def answer(self, command: CommandClaims) -> None:
        outcome, relay = MqttOutcome.SUCCEEDED, RelayState.OPEN
        response = MqttResponse(
            command_id=command.command_id, outcome=outcome, relay=relay, at=utc_now()
        )
        await self.say("response", response)

    async def tell_keys(self, key_sequence: int) -> None:
        kind, keys = MqttEventKind.COMMAND_KEYS, ("dev-1", "k2")
        event = MqttEvent(kind=kind, at=utc_now(), keys=keys, key_sequence=key_sequence)
        await self.say("event", event)

    async def has(self, count: int) -> None:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.got) >= count)

    async def has_keys(self, count: int) -> None:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: len(self.sequences) >= count)

    async def gets_no_more_than(self, count: int) -> None:
        await asyncio.sleep(QUIET_S)
        assert len(self.got) <= count, self.got

    @property
    def sequences(self) -> list[int]:
        """Of the key messages that reached it."""
        return [each.claims.sequence for each in self.got if isinstance(each, SignedKey)]


@asynccontextmanager
async def listening(gateway, meter_id) -> AsyncGenerator[Listener]:
    keys = CommandKeys.of_pem({"dev-1": gateway.stack.keys.command_public})
    async with gateway.mqtt() as client:
        meter = Listener(client, meter_id, keys)
        task = asyncio.create_task(meter.listen())
        await asyncio.sleep(0.5)
        yield meter
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def told_of_k2(gateway, meter_id, *, sequence):
    return key_message_of(
        meter_id,
        key_id="k2",
        public_key=PUBLIC,
        sequence=sequence,
        private_key_pem=gateway.stack.keys.command_private,
    )


async def test_a_key_waits_until_the_meter_has_answered_its_command(gateway):
    (meter_id,) = await gateway.meters()
    async with listening(gateway, meter_id) as meter:
        command = await gateway.command(meter_id, RelayAction.RECONNECT, sequence=1)
        await meter.has(1)
        await gateway.send(told_of_k2(gateway, meter_id, sequence=1))
        await asyncio.sleep(QUIET_S)
        assert meter.sequences == []
        (first, *_) = meter.got
        assert first.command_id == command.command_id
        await meter.answer(first)
        await gateway.progress(command, CommandStatus.SUCCEEDED)
        await meter.has_keys(1)
        assert meter.sequences == [1]
        assert meter.got[-1].claims.public_key == PUBLIC


async def test_a_command_does_not_wait_for_a_key_nor_does_either_end_the_other(gateway):
    (meter_id,) = await gateway.meters()
    async with listening(gateway, meter_id) as meter:
        # A key message with a far higher number than the command's.
        await gateway.send(told_of_k2(gateway, meter_id, sequence=9))
        await meter.has(1)
        command = await gateway.command(meter_id, sequence=1)
        await meter.has(2)
        assert meter.got[-1].command_id == command.command_id
        await meter.answer(meter.got[-1])
        assert await gateway.progress(command, CommandStatus.SUCCEEDED) == [
            CommandStatus.SENT,
            CommandStatus.SUCCEEDED,
        ]


async def test_a_meter_that_comes_gets_the_newest_key_message_until_it_has_followed_it(gateway):
    (meter_id,) = await gateway.meters()
    await gateway.send(
        told_of_k2(gateway, meter_id, sequence=1), told_of_k2(gateway, meter_id, sequence=2)
    )
    # They have gone to nobody.
    await asyncio.sleep(QUIET_S)
    async with listening(gateway, meter_id) as meter:
        assert meter.got == []
        await meter.come("one")
        await meter.has(1)
        await meter.come("two")
        await meter.has(2)
        await meter.tell_keys(2)
        events = await gateway.events(meter_id, lambda found: any("keys" in e for e in found))
        (told,) = [each for each in events if each.get("kind") == "command_keys"]
        assert (told["keys"], told["key_sequence"]) == (["dev-1", "k2"], 2)
        count = len(meter.got)
        await meter.come("three")
        await meter.gets_no_more_than(count)
        assert set(meter.sequences) == {2}
