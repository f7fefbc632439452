"""What a fleet does with its relays, against a real broker: arm, button, hand, faults, restart."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from prepay_ledger.relays.site_code import meter_secret, site_code
from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttEventKind, MqttOutcome, MqttResponse
from prewatt_simulator import Fleet, FleetSettings, RelayFaults

pytestmark = pytest.mark.stack

CUT, BACK, ARM = RelayAction.DISCONNECT, RelayAction.RECONNECT, RelayAction.ARM
OPEN, CLOSED, ARMED = RelayState.OPEN, RelayState.CLOSED, RelayState.ARMED


def settings(broker: Any, utility: Any, meter_id: str, **more: Any) -> FleetSettings:
    return FleetSettings(
        mqtt_port=broker.port,
        meter_ids=[meter_id],
        command_public_keys=utility.public_keys,
        **more,
    )


def told(payloads: list[bytes]) -> list[tuple[MqttEventKind, RelayState | None]]:
    events = [msgspec.json.decode(payload, type=MqttEvent) for payload in payloads]
    return [(event.kind, event.relay) for event in events]


@pytest.mark.parametrize("one_each", [False, True])
async def test_an_armed_meter_is_closed_by_its_button_and_tells(
    broker: Any, watch: Any, utility: Any, one_each: bool
) -> None:
    meter_id = f"armed-{one_each}"
    made = settings(broker, utility, meter_id, button_after_s=0.3, one_connection_each=one_each)
    async with watch(broker.port) as witness, Fleet(made) as fleet:
        for sequence, action in enumerate((CUT, ARM), start=1):
            await witness.command(meter_id, utility.command(meter_id, action, sequence)[1])
        await fleet.wait_relay(meter_id, ARMED, timeout=5)
        await fleet.wait_relay(meter_id, CLOSED, timeout=5)
        assert told(await witness.wait(f"{meter_id}/event", 3)) == [
            (MqttEventKind.RELAY_MOVED, OPEN),
            (MqttEventKind.RELAY_MOVED, ARMED),
            (MqttEventKind.RELAY_MOVED_BY_BUTTON, CLOSED),
        ]
        assert [move.relay for move in fleet.moves] == [OPEN, ARMED, CLOSED]
        assert fleet.moves[-1].command_id is None


async def test_nobody_presses_the_button_unless_told_to(
    broker: Any, watch: Any, utility: Any
) -> None:
    async with (
        watch(broker.port) as witness,
        Fleet(settings(broker, utility, "waiting")) as fleet,
    ):
        fleet.press_button("waiting")
        fleet.move_by_hand("waiting", OPEN)
        fleet.press_button("waiting")
        await witness.command("waiting", utility.command("waiting", ARM, 1)[1])
        await fleet.wait_relay("waiting", ARMED, timeout=5)
        await asyncio.sleep(0.3)
        assert fleet.meters["waiting"].relay is ARMED
        assert fleet.summary().relays_open == 1
        fleet.press_button("waiting")
        kinds = [kind for kind, _ in told(await witness.wait("waiting/event", 3))]
        assert kinds == [
            MqttEventKind.RELAY_MOVED_BY_HAND,
            MqttEventKind.RELAY_MOVED,
            MqttEventKind.RELAY_MOVED_BY_BUTTON,
        ]


async def test_a_code_that_is_typed_in_closes_the_relay_and_is_told(
    broker: Any, watch: Any, utility: Any, tmp_path: Path
) -> None:
    made = settings(
        broker, utility, "typed", site_code_master=b"master", kept_file=tmp_path / "kept.jsonl"
    )
    code = site_code(meter_secret(b"master", "typed"), 0)
    async with watch(broker.port) as witness, Fleet(made) as fleet:
        await witness.command("typed", utility.command("typed", CUT, 1)[1])
        await fleet.wait_relay("typed", OPEN, timeout=5)
        await witness.wait("typed/event", 1)
        assert fleet.type_in("typed", code)
        assert told(await witness.wait("typed/event", 2))[1] == (
            MqttEventKind.RELAY_MOVED_BY_CODE,
            CLOSED,
        )
    async with Fleet(made) as fleet:
        fleet.move_by_hand("typed", OPEN)
        assert not fleet.type_in("typed", code)


async def test_a_meter_tells_the_voltage_behind_its_relay(
    broker: Any, watch: Any, utility: Any
) -> None:
    async with watch(broker.port) as witness, Fleet(settings(broker, utility, "home")) as fleet:
        fleet.measure_voltage("home")
        await witness.wait("home/event", 1)
        fleet.move_by_hand("home", OPEN)
        fleet.measure_voltage("home")
        raw = await witness.wait("home/event", 3)
        events = [msgspec.json.decode(each, type=MqttEvent) for each in raw]
        measured = [each for each in events if each.kind is MqttEventKind.VOLTAGE]
        assert [each.voltage_mv for each in measured] == [229_500, 0]


async def test_what_is_lost_on_the_way(broker: Any, watch: Any, utility: Any) -> None:
    async with watch(broker.port) as witness, Fleet(settings(broker, utility, "far")) as fleet:
        meter = fleet.meters["far"]
        meter.relay_faults = RelayFaults(command_lost=True)
        await witness.command("far", utility.command("far", CUT, 1)[1])
        await asyncio.sleep(0.3)
        assert (meter.relay, meter.executed_count) == (CLOSED, 0)
        meter.relay_faults = RelayFaults(answer_lost=True)
        cut_id, cut = utility.command("far", CUT, 2)
        await witness.command("far", cut)
        await fleet.wait_relay("far", OPEN, timeout=5)
        fleet.move_by_hand("far", CLOSED)
        await asyncio.sleep(0.3)
        assert not witness.on("far/response")
        assert not witness.on("far/event")
        # Asked again, it gives the same answer and moves nothing.
        meter.relay_faults = RelayFaults()
        await witness.command("far", cut)
        (raw,) = await witness.wait("far/response", 1)
        response = msgspec.json.decode(raw, type=MqttResponse)
        assert (response.command_id, response.relay) == (cut_id, OPEN)
        assert (meter.relay, meter.commands.executions[cut_id]) == (CLOSED, 1)


async def test_a_meter_remembers_over_a_restart(
    broker: Any, watch: Any, utility: Any, tmp_path: Path
) -> None:
    kept_file = tmp_path / "kept.jsonl"
    made = settings(broker, utility, "lasting", kept_file=kept_file)
    cut_id, cut = utility.command("lasting", CUT, 7)
    async with watch(broker.port) as witness, Fleet(made) as fleet:
        await witness.command("lasting", cut)
        await fleet.wait_relay("lasting", OPEN, timeout=5)
        await witness.wait("lasting/response", 1)
    with kept_file.open("ab") as file:
        file.write(b'{"meter_id":"last')  # a kill within a write
    async with watch(broker.port) as witness, Fleet(made) as fleet:
        meter = fleet.meters["lasting"]
        assert (meter.relay, meter.commands.last_sequence) == (OPEN, 7)
        await witness.command("lasting", cut)
        await witness.command("lasting", utility.command("lasting", BACK, 6)[1])
        raw = await witness.wait("lasting/response", 2)
        answers = [msgspec.json.decode(each, type=MqttResponse) for each in raw]
        assert [each.outcome for each in answers] == [MqttOutcome.SUCCEEDED, MqttOutcome.REJECTED]
        assert answers[0].command_id == cut_id
        assert meter.executed_count == 0
        fleet.move_by_hand("lasting", CLOSED)
        await fleet.drain()
    async with Fleet(made) as fleet:
        assert fleet.meters["lasting"].relay is CLOSED
