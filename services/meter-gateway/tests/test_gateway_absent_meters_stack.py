"""Meters that go and come back while they are commanded, on real parts."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec
import paho.mqtt.client as paho
import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, Presence, RelayAction, RelayState
from prewatt_common.contracts.meter_events_v1 import MeterPresenceChanged
from prewatt_common.contracts.mqtt_v1 import MqttOutcome, MqttResponse, MqttStatus
from prewatt_simulator.commands import CommandKeys

pytestmark = pytest.mark.stack

CUT, BACK = RelayAction.DISCONNECT, RelayAction.RECONNECT
SENT, SUCCEEDED = CommandStatus.SENT, CommandStatus.SUCCEEDED
EXPIRED, SUPERSEDED = CommandStatus.EXPIRED, CommandStatus.SUPERSEDED


async def until(holds, *, within_s):
    """Until ``holds()``: what another thread or task brings about."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@dataclass
class Device:
    """A meter by hand: it says only what a test lets it say, and notes what reaches it."""

    meter_id: str
    client: paho.Client
    keys: CommandKeys
    port: int
    got: list[paho.MQTTMessage] = field(default_factory=list)
    subscribed: bool = False

    async def connect(self, *, keepalive: int = 60, will: bytes | None = None) -> None:
        """With a persistent session; returns once its subscription holds."""
        client = self.client
        if will is not None:
            client.will_set(self.topic("status"), will, qos=1, retain=True)
        client.on_message = lambda _c, _u, message: self.got.append(message)
        client.on_connect = lambda *_: client.subscribe(self.topic("command"), qos=1)
        client.on_subscribe = self._on_subscribe
        client.connect("127.0.0.1", self.port, keepalive)
        client.loop_start()
        await until(lambda: self.subscribed, within_s=10)

    def _on_subscribe(self, *_):
        self.subscribed = True

    async def say(self, kind: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish, and wait for the PUBACK."""
        told = self.client.publish(self.topic(kind), payload, qos=1, retain=retain)
        await asyncio.to_thread(told.wait_for_publish, 10)

    async def read(self) -> None:
        payload = {"at": utc_now().isoformat(), "import_wh": 5}
        await self.say("reading", msgspec.json.encode(payload))

    async def answer(self, command_id, *, relay=RelayState.CLOSED) -> None:
        response = MqttResponse(
            command_id=command_id, outcome=MqttOutcome.SUCCEEDED, relay=relay, at=utc_now()
        )
        await self.say("response", msgspec.json.encode(response))

    async def first_command(self, *, within_s: float):
        """The claims of what has reached it first."""
        await until(lambda: self.got, within_s=within_s)
        return self.commands()[0]

    def commands(self):
        """The claims of all that has reached it."""
        return [self.keys.check(message.payload) for message in self.got]

    def freeze(self) -> None:
        """Not a byte more either way, and no goodbye: the broker finds out by the keep-alive."""
        self.client.loop_stop()

    def leave(self) -> None:
        """In order; the session stays at the broker."""
        self.client.disconnect()
        self.client.loop_stop()

    def topic(self, kind: str) -> str:
        return f"prewatt/v1/{self.meter_id}/{kind}"


@pytest.fixture
async def device(gateway):
    """Makes devices with a credential each; all are let go of in the end."""
    made = []
    known = set()
    keys = CommandKeys.of_pem({"dev-1": gateway.stack.keys.command_public})

    async def make(meter_id, *, client_id=None, version=paho.MQTTv311):
        if meter_id not in known:
            known.add(meter_id)
            await asyncio.to_thread(gateway.stack.add_mqtt_user, meter_id, "secret")
        clean = {} if version == paho.MQTTv5 else {"clean_session": False}
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=client_id or meter_id,
            protocol=version,
            **clean,
        )
        client.username_pw_set(meter_id, "secret")
        made.append(Device(meter_id, client, keys, gateway.stack.endpoints.mqtt_port))
        return made[-1]

    yield make
    for each in made:
        with contextlib.suppress(Exception):
            each.leave()


def status(presence, session=None):
    if session is None:
        return presence.encode()
    return msgspec.json.encode(MqttStatus(presence=presence, session=session))


ONLINE, OFFLINE = Presence.ONLINE, Presence.OFFLINE


def presences(events):
    kind = MeterPresenceChanged.ce_type
    return [each["presence"] for each in events if each["ce_type"] == kind]


async def presence(gateway, meter_id):
    async with gateway.http("gateway:read") as client:
        return (await client.get(f"/v1/devices/{meter_id}")).json()["presence"]


async def stored(gateway, command):
    async with gateway.http("gateway:read") as client:
        return (await client.get(f"/v1/commands/{command.command_id}")).json()


async def until_attempted(gateway, command, count):
    """Until it was sent so often. While replicas share out the partitions anew it is unknown."""
    async with asyncio.timeout(60):
        while (await stored(gateway, command)).get("attempts", 0) < count:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.1)


async def until_presence(gateway, meter_id, wanted, *, within_s=20):
    async with asyncio.timeout(within_s):
        while await presence(gateway, meter_id) != wanted:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.05)


async def retained_commands(gateway):
    """What a fresh subscriber to every meter's commands is given."""
    found = []
    async with gateway.broker_client() as client:
        await client.subscribe("prewatt/v1/+/command", qos=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                async for message in client.messages:
                    found.append(message)  # noqa: PERF401 - until the time is up
    return [message for message in found if message.retain]


async def test_a_meter_that_was_away_executes_only_the_newest_of_many(gateway):
    (meter_id,) = await gateway.meters()
    async with await gateway.own_connections([meter_id]):
        pass
    commands = [
        await gateway.command(meter_id, action, sequence=sequence)
        for sequence, action in enumerate([CUT, BACK] * 5, start=1)
    ]
    for older in commands[:-1]:
        await gateway.progress(older, SUPERSEDED)
    await gateway.progress(commands[-1], SENT)
    assert await retained_commands(gateway) == []
    came_at = time.monotonic()
    async with await gateway.own_connections([meter_id]) as fleet:
        log = fleet.meters[meter_id].commands
        await until(lambda: log.executions, within_s=10)
        assert time.monotonic() - came_at < 5
        await gateway.progress(commands[-1], SUCCEEDED)
        assert fleet.moves == []
        assert set(log.answers) == {commands[-1].command_id}


@pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5])
async def test_nothing_for_an_absent_meter_lies_at_the_broker(gateway, device, version):
    (meter_id,) = await gateway.meters()
    meter = await device(meter_id)
    await meter.connect()
    meter.leave()
    expired = [
        await gateway.command(meter_id, sequence=sequence, lifetime_s=1.5)
        for sequence in range(1, 13)
    ]
    await gateway.progress(expired[-1], EXPIRED)
    waiting = await gateway.command(meter_id, BACK, sequence=13)
    await gateway.progress(waiting, SENT)
    # It is there again and says nothing: nothing lay there for it. Then it says that it is there.
    back = await device(meter_id, version=version)
    await back.connect()
    await asyncio.sleep(1)
    assert back.got == []
    await back.say("status", status(ONLINE, "s"), retain=True)
    assert (await back.first_command(within_s=5)).command_id == waiting.command_id
    assert back.got[0].payload == waiting.signed.encode()
    await asyncio.sleep(3)
    assert len(back.got) == 1


async def test_who_comes_back_is_served_within_a_second(gateway, device):
    """From the status online to the command in the meter's hands, one meter after another."""
    meter_ids = await gateway.meters(20)
    commands = [await gateway.command(meter_id, BACK) for meter_id in meter_ids]
    for command in commands:
        await gateway.progress(command, SENT)
    took_s = []
    for command in commands:
        meter = await device(command.meter_id)
        await meter.connect()
        said_at = time.monotonic()
        meter.client.publish(meter.topic("status"), status(ONLINE, "s"), qos=1, retain=True)
        assert (await meter.first_command(within_s=10)).command_id == command.command_id
        took_s.append(time.monotonic() - said_at)
        meter.leave()
    # All but one, for the sake of machines that have other things to do.
    assert sorted(took_s)[-2] < 1, took_s


async def test_a_copy_says_when_it_is_over_to_broker_and_meter(gateway, device):
    (meter_id,) = await gateway.meters()
    meter = await device(meter_id, version=paho.MQTTv5)
    await meter.connect()
    for sequence, (action, life_s, kept_s) in enumerate(
        [(CUT, 120, (60,)), (CUT, 30, range(20, 30)), (BACK, 90, (60,))], start=1
    ):
        meter.got.clear()
        command = await gateway.command(meter_id, action, sequence=sequence, lifetime_s=life_s)
        claims = await meter.first_command(within_s=20)
        (message,) = meter.got
        assert message.payload == command.signed.encode()
        assert message.properties.MessageExpiryInterval in kept_s
        assert not message.retain
        assert claims.not_after == (command.expires_at if action is CUT else None)


async def test_an_unanswered_command_is_sent_once_more_when_a_reading_comes(gateway, device):
    """Whatever was said of the meter's presence: nothing, here."""
    (meter_id,) = await gateway.meters()
    command = await gateway.command(meter_id, BACK)
    await gateway.progress(command, SENT)
    await asyncio.sleep(4)  # an answer would have come, and it is known whom we wait for
    meter = await device(meter_id)
    await meter.connect()
    await meter.read()
    claims = await meter.first_command(within_s=5)
    assert claims.command_id == command.command_id
    # Without an answer, what else it says moves nobody: to ask again is the ledger's.
    await asyncio.sleep(4)
    await meter.read()
    await asyncio.sleep(1)
    assert len(meter.got) == 1
    await meter.answer(command.command_id)
    assert await gateway.progress(command, SUCCEEDED) == [SENT, SUCCEEDED]


async def test_what_was_lost_with_a_dying_connection_is_sent_on_the_next(gateway, device):
    """The broker believes that the meter is there, and so do we: it has another session."""
    (meter_id,) = await gateway.meters()
    dying = await device(meter_id)
    await dying.connect()
    await dying.say("status", status(ONLINE, "first"), retain=True)
    await until_presence(gateway, meter_id, "online")
    dying.freeze()
    command = await gateway.command(meter_id, BACK)
    await gateway.progress(command, SENT)
    living = await device(meter_id)
    await living.connect()
    living.got.clear()
    await living.say("status", status(ONLINE, "second"), retain=True)
    assert (await living.first_command(within_s=5)).command_id == command.command_id


@pytest.mark.parametrize("named", [True, False], ids=["session named", "bare text"])
async def test_a_dead_connections_will_does_not_end_the_meter(gateway, device, named):
    (meter_id,) = await gateway.meters()
    first, second = (uuid4().hex, uuid4().hex) if named else (None, None)
    dying = await device(meter_id, client_id=f"{meter_id}-a")
    await dying.connect(keepalive=3, will=status(OFFLINE, first))
    await dying.say("status", status(ONLINE, first), retain=True)
    await until_presence(gateway, meter_id, "online")
    dying.freeze()
    living = await device(meter_id, client_id=f"{meter_id}-b")
    await living.connect(will=status(OFFLINE, second))
    await living.say("status", status(ONLINE, second), retain=True)
    if named:
        await asyncio.sleep(7)
    else:
        await until_presence(gateway, meter_id, "offline")
        # A will tells of a connection: the meter that listens gets its command all the same.
        early = await gateway.command(meter_id, BACK, sequence=1)
        assert (await living.first_command(within_s=5)).command_id == early.command_id
        await living.answer(early.command_id)
        await gateway.progress(early, SUCCEEDED)
    await living.read()
    await until_presence(gateway, meter_id, "online", within_s=5)
    living.got.clear()
    command = await gateway.command(meter_id, BACK, sequence=2)
    assert (await living.first_command(within_s=5)).command_id == command.command_id
    await living.answer(command.command_id)
    await gateway.progress(command, SUCCEEDED)

    # The broker's retained status still is the will, and a new gateway is given it.
    async with gateway.without("meter-gateway"):
        pass
    await gateway.ready()
    await asyncio.sleep(1)
    assert await presence(gateway, meter_id) == "online"
    told = presences(await gateway.events(meter_id, lambda e: len(presences(e)) >= 1))
    assert told == (["online"] if named else ["online", "offline", "online"])


@pytest.mark.parametrize("named", [True, False], ids=["session named", "bare text"])
async def test_a_session_taken_over_ends_online(gateway, device, named):
    (meter_id,) = await gateway.meters()
    first, second = (uuid4().hex, uuid4().hex) if named else (None, None)
    for session in (first, second):
        meter = await device(meter_id)
        await meter.connect(will=status(OFFLINE, session))
        await meter.say("status", status(ONLINE, session), retain=True)
        meter.client.on_disconnect = lambda c, *_: c.loop_stop()
        if session is first:
            meter.freeze()
    await until_presence(gateway, meter_id, "online")
    await asyncio.sleep(1)
    assert await presence(gateway, meter_id) == "online"
    events = await gateway.events(meter_id, lambda e: len(presences(e)) >= 1)
    assert presences(events)[-1] == "online"


@pytest.mark.chaos
async def test_a_reading_at_one_replica_has_the_other_ones_command_sent(gateway, device):
    (meter_id,) = await gateway.meters()
    meter = await device(meter_id)
    await meter.connect(will=b"offline")
    await meter.say("status", b"online", retain=True)
    await meter.say("status", b"offline", retain=True)
    meter.leave()
    await until_presence(gateway, meter_id, "offline")
    name = f"gw-hear-{uuid4().hex[:6]}"
    async with gateway.another(name):
        command = await gateway.command(meter_id)
        await until_attempted(gateway, command, 1)
        # Both know by now that it is awaited; whichever is given the reading, it is sent at once.
        await asyncio.sleep(1.5)
        back = await device(meter_id)
        await back.connect()
        await back.read()
        assert (await back.first_command(within_s=3)).command_id == command.command_id
        await until_presence(gateway, meter_id, "online", within_s=5)


@pytest.mark.chaos
async def test_a_gateway_that_was_away_sends_no_cut_that_was_paid_for_meanwhile(gateway, device):
    meter_ids = await gateway.meters(10)
    meters = [await device(meter_id) for meter_id in meter_ids]
    for meter in meters:
        await meter.connect()
        meter.leave()
    cuts = [await gateway.command(meter_id, CUT, sequence=5) for meter_id in meter_ids]
    for cut in cuts:
        await gateway.progress(cut, SENT)
    async with gateway.without("meter-gateway"):
        back = [await gateway.command(meter_id, BACK, sequence=6) for meter_id in meter_ids]
        returned = [await device(meter_id) for meter_id in meter_ids]
        for meter in returned:
            await meter.connect()
            await meter.read()
    for meter, command in zip(returned, back, strict=True):
        assert (await meter.first_command(within_s=30)).command_id == command.command_id
    await asyncio.sleep(1)
    assert {claims.action for meter in returned for claims in meter.commands()} == {BACK}


async def test_a_cut_that_came_too_late_is_over_and_says_why(gateway, device):
    (meter_id,) = await gateway.meters()
    meter = await device(meter_id)
    await meter.connect()
    command = await gateway.command(meter_id)
    await meter.first_command(within_s=20)
    late = MqttResponse(
        command_id=command.command_id,
        outcome=MqttOutcome.LATE,
        relay=RelayState.CLOSED,
        at=utc_now(),
        detail="not after noon, and it is one",
    )
    await meter.say("response", msgspec.json.encode(late))
    assert await gateway.progress(command, EXPIRED) == [SENT, EXPIRED]
    kept = await stored(gateway, command)
    assert (kept["status"], kept["relay"], kept["detail"]) == ("expired", "closed", late.detail)
