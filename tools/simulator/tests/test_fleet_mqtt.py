"""The fleet against a real Mosquitto."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from prewatt_common.contracts.base import Presence, RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import (
    MqttEvent,
    MqttEventKind,
    MqttOutcome,
    MqttProfile,
    MqttReading,
    MqttResponse,
    MqttStatus,
)
from prewatt_simulator import (
    ConnectionRefused,
    ConstantLoad,
    Faults,
    Fleet,
    FleetSettings,
    meter_ids,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
status_of = msgspec.json.Decoder(MqttStatus).decode
Watch = Callable[[int], AbstractAsyncContextManager[Any]]


@pytest.mark.parametrize("one_each", [False, True])
async def test_readings_are_canonical_and_acknowledged(
    broker: Any, watch: Watch, one_each: bool
) -> None:
    settings = FleetSettings(
        mqtt_port=broker.port,
        meter_ids=meter_ids(3, prefix=f"read{one_each}"),
        one_connection_each=one_each,
        start_wh=1000,
        load=ConstantLoad(wh=250),
    )
    first, *_ = settings.meter_ids
    async with watch(broker.port) as witness, Fleet(settings) as fleet:
        assert await fleet.publish_step(at=START) == 3
        await fleet.publish_step(at=START + QUARTER)
        await fleet.drain()
        raw = await witness.wait(f"{first}/reading", 2)
        assert raw[0] == b'{"at":"2026-03-02T00:00:00Z","import_wh":1250}'
        readings = [msgspec.json.decode(payload, type=MqttReading) for payload in raw]
        assert readings[1] == MqttReading(at=START + QUARTER, import_wh=1500)
        summary = fleet.summary()
        assert (summary.published, summary.acked, summary.in_flight) == (6, 6, 0)
        acked = fleet.meters[first].truth.last_acked
        assert acked is not None
        assert (acked.at, acked.import_wh) == (START + QUARTER, 1500)


async def test_profile_is_one_message_oldest_first(broker: Any, watch: Watch) -> None:
    settings = FleetSettings(mqtt_port=broker.port, meter_ids=["profile-1"])
    async with watch(broker.port) as witness, Fleet(settings) as fleet:
        sent = await fleet.publish_profile(meter_id="profile-1", end=START, intervals=2976)
        await fleet.drain()
        (payload,) = await witness.wait("profile-1/profile", 1)
        readings = msgspec.json.decode(payload, type=MqttProfile).readings
        assert len(readings) == 2976
        assert readings[-1] == MqttReading(at=START, import_wh=sent[-1].import_wh)
        assert [item.at for item in readings] == sorted(item.at for item in readings)
        assert fleet.meters["profile-1"].truth.acked == 2976


@pytest.mark.parametrize("one_each", [False, True])
async def test_signed_command_is_executed_once(
    broker: Any, watch: Watch, utility: Any, one_each: bool
) -> None:
    meter_id = f"obeys-{one_each}"
    settings = FleetSettings(
        mqtt_port=broker.port,
        meter_ids=[meter_id],
        one_connection_each=one_each,
        command_public_keys=utility.public_keys,
        load=ConstantLoad(wh=10),
    )
    async with watch(broker.port) as witness, Fleet(settings) as fleet:
        command_id, token = utility.command(meter_id, RelayAction.DISCONNECT, 1)
        await witness.command(meter_id, token)
        await fleet.wait_relay(meter_id, RelayState.OPEN, timeout=5)
        await witness.command(meter_id, token)
        first, again = await witness.wait(f"{meter_id}/response", 2)
        assert first == again
        response = msgspec.json.decode(first, type=MqttResponse)
        assert response.command_id == command_id
        assert (response.outcome, response.relay) == (MqttOutcome.SUCCEEDED, RelayState.OPEN)
        (raw,) = await witness.wait(f"{meter_id}/event", 1)
        assert msgspec.json.decode(raw, type=MqttEvent).kind is MqttEventKind.RELAY_MOVED
        assert fleet.meters[meter_id].commands.executions == {command_id: 1}
        (move,) = fleet.moves
        assert (move.meter_id, move.relay, move.command_id) == (
            meter_id,
            RelayState.OPEN,
            command_id,
        )

        await fleet.publish_step(at=START)
        (reading,) = await witness.wait(f"{meter_id}/reading", 1)
        assert msgspec.json.decode(reading, type=MqttReading).import_wh == 0

        await witness.command(meter_id, utility.command(meter_id, RelayAction.RECONNECT, 2)[1])
        await fleet.wait_relay(meter_id, RelayState.CLOSED, timeout=5)
        with pytest.raises(TimeoutError, match="still closed"):
            await fleet.wait_relay(meter_id, RelayState.OPEN, timeout=0.05)


async def test_what_the_utility_did_not_send_is_refused(
    broker: Any, watch: Watch, utility: Any
) -> None:
    meter_id = "wary"
    settings = FleetSettings(
        mqtt_port=broker.port, meter_ids=[meter_id], command_public_keys=utility.public_keys
    )
    cut = RelayAction.DISCONNECT
    _, executed = utility.command(meter_id, RelayAction.RECONNECT, 5)
    _, forged = utility.command(meter_id, cut, 6, signed_by=Ed25519PrivateKey.generate())
    _, other_meter = utility.command("somebody", cut, 6)
    _, expired = utility.command(meter_id, cut, 6, lifetime=timedelta(seconds=-1))
    _, overtaken = utility.command(meter_id, cut, 4)
    async with watch(broker.port) as witness, Fleet(settings) as fleet:
        for token in (executed, forged, other_meter, expired, overtaken, b"no token", b"\xff"):
            await witness.command(meter_id, token)
        # A meter of nobody here: no answer at all.
        await witness.command("stranger", executed)
        raw = await witness.wait(f"{meter_id}/response", 5)
        responses = [msgspec.json.decode(payload, type=MqttResponse) for payload in raw]
        assert [response.outcome for response in responses] == [
            MqttOutcome.SUCCEEDED,
            *[MqttOutcome.REJECTED] * 2,
            MqttOutcome.LATE,
            MqttOutcome.REJECTED,
        ]
        for response, reason in zip(
            responses[1:], ("signature", "somebody", "not after", "not above"), strict=True
        ):
            assert reason in response.detail
        await asyncio.sleep(0.1)
        assert fleet.meters[meter_id].relay is RelayState.CLOSED
        assert fleet.summary().commands_refused == 3
        assert not witness.on("stranger/response")
        assert fleet.moves == []


async def test_command_waits_for_an_absent_meter(broker: Any, watch: Watch, utility: Any) -> None:
    settings = FleetSettings(
        mqtt_port=broker.port,
        meter_ids=["absent"],
        one_connection_each=True,
        command_public_keys=utility.public_keys,
    )
    async with watch(broker.port) as witness:
        async with Fleet(settings):
            pass
        came, went = map(status_of, await witness.wait("absent/status", 2))
        assert (came.presence, went.presence) == (Presence.ONLINE, Presence.OFFLINE)
        assert came.session == went.session
        _, token = utility.command("absent", RelayAction.DISCONNECT, 1)
        await witness.command("absent", token)
        async with Fleet(settings) as fleet:
            await fleet.wait_relay("absent", RelayState.OPEN, timeout=5)
        again = status_of((await witness.wait("absent/status", 3))[2])
        assert again.presence is Presence.ONLINE
        assert again.session != came.session


async def test_faults_reach_the_truth(broker: Any) -> None:
    settings = FleetSettings(
        mqtt_port=broker.port,
        meter_ids=meter_ids(100, prefix="faulty"),
        faults=Faults(lost=0.1, duplicated=0.1, late=0.1),
    )
    async with Fleet(settings) as fleet:
        await fleet.run(start=START, steps=20, rate_per_s=100_000)
        await fleet.release_held()
        await fleet.drain()
        summary = fleet.summary()
    assert summary.lost == pytest.approx(200, rel=0.3)
    assert summary.published == summary.acked
    assert summary.published + summary.lost == pytest.approx(2200, rel=0.05)


async def test_rate_is_kept(broker: Any) -> None:
    settings = FleetSettings(mqtt_port=broker.port, meter_ids=meter_ids(100, prefix="paced"))
    begun = asyncio.get_running_loop().time()
    async with Fleet(settings) as fleet:
        await fleet.run(start=START, steps=4, rate_per_s=500)
    assert asyncio.get_running_loop().time() - begun >= 0.75


async def test_wrong_credential_and_no_broker_are_told(start_broker: Any) -> None:
    closed = start_broker("allow_anonymous false\n")
    with pytest.raises(ConnectionRefused, match="not authorised"):
        async with Fleet(FleetSettings(mqtt_port=closed.port, meter_ids=["m"])):
            pass
    with pytest.raises(ConnectionRefused, match=r"refused m"):
        async with Fleet(
            FleetSettings(mqtt_port=closed.port, meter_ids=["m"], one_connection_each=True)
        ):
            pass
    closed.kill()
    with pytest.raises(OSError, match="Connect"):
        async with Fleet(FleetSettings(mqtt_port=closed.port, meter_ids=["m"])):
            pass


@pytest.mark.parametrize("one_each", [False, True])
async def test_unacknowledged_readings_survive_a_killed_broker(
    start_broker: Any, watch: Watch, utility: Any, one_each: bool
) -> None:
    broker = start_broker()
    settings = FleetSettings(
        mqtt_port=broker.port,
        meter_ids=["survivor"],
        one_connection_each=one_each,
        command_public_keys=utility.public_keys,
    )
    async with Fleet(settings) as fleet:
        await fleet.publish_step(at=START)
        await fleet.drain()
        broker.kill()
        await fleet.publish_step(at=START + QUARTER)
        with pytest.raises(TimeoutError, match="without PUBACK"):
            await fleet.drain(timeout=0.3)
        broker.start()
        await fleet.drain(timeout=20)
        acked = fleet.meters["survivor"].truth.last_acked
        assert acked is not None
        assert acked.at == START + QUARTER
        # Commands are listened for again.
        async with watch(broker.port) as witness:
            _, token = utility.command("survivor", RelayAction.DISCONNECT, 1)
            for _ in range(50):
                await witness.command("survivor", token)
                await asyncio.sleep(0.1)
                if fleet.meters["survivor"].relay is RelayState.OPEN:
                    break
            assert fleet.summary().commands_executed == 1
