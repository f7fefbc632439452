"""The meter, its load and its faults, without any I/O."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest

from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import CommandClaims, MqttOutcome
from prewatt_simulator import Faults, FleetSettings, Meter, Reading, RelayFaults
from prewatt_simulator.faults import FaultInjector
from prewatt_simulator.profile import HouseholdProfile
from prewatt_simulator.site_codes import CodePad

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PROFILE = HouseholdProfile(timezone=ZoneInfo("Europe/Berlin"))


def day_of_registers(*, seed: int, meter_id: str = "m1") -> list[int]:
    meter = Meter(meter_id=meter_id, seed=seed, start_wh=5)
    ends = [NOW + QUARTER * step for step in range(96)]
    return [meter.household_interval(PROFILE.energy_uwh(end=end, interval=QUARTER)) for end in ends]


def command(
    action: RelayAction,
    sequence: int,
    *,
    meter_id: str = "m1",
    lifetime_s: int = 60,
    valid_s: int | None = 30,
) -> CommandClaims:
    return CommandClaims(
        command_id=uuid4(),
        meter_id=meter_id,
        action=action,
        sequence=sequence,
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=lifetime_s),
        not_after=None if valid_s is None else NOW + timedelta(seconds=valid_s),
    )


@pytest.mark.parametrize("year", [2025, 2026, 2028])
def test_profile_adds_up_to_1000_kwh_a_year(year: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    total_uwh = 0
    while begin < end:
        begin += QUARTER
        total_uwh += PROFILE.energy_uwh(end=begin, interval=QUARTER)
    assert total_uwh / 1e12 == pytest.approx(1, abs=0.01)


def test_profile_of_an_hour_is_the_same_in_minutes_as_in_quarters() -> None:
    minutes = sum(
        PROFILE.energy_uwh(end=NOW + timedelta(minutes=n + 1), interval=timedelta(minutes=1))
        for n in range(60)
    )
    quarters = sum(
        PROFILE.energy_uwh(end=NOW + QUARTER * (n + 1), interval=QUARTER) for n in range(4)
    )
    assert minutes == pytest.approx(quarters, abs=60)


def test_evening_is_above_night_in_local_time() -> None:
    evening = PROFILE.energy_uwh(end=datetime(2026, 1, 14, 18, 15, tzinfo=UTC), interval=QUARTER)
    night = PROFILE.energy_uwh(end=datetime(2026, 1, 14, 2, 15, tzinfo=UTC), interval=QUARTER)
    assert evening > 3 * night


def test_same_seed_same_registers_other_seed_others() -> None:
    assert day_of_registers(seed=1) == day_of_registers(seed=1)
    assert day_of_registers(seed=1) != day_of_registers(seed=2)
    assert day_of_registers(seed=1) != day_of_registers(seed=1, meter_id="m2")


def test_register_never_falls_and_a_fleet_uses_about_2500_kwh_a_year() -> None:
    registers = day_of_registers(seed=1)
    assert registers == sorted(registers)
    annual = sorted(Meter(meter_id=f"m{n}", seed=1).annual_kwh for n in range(2000))
    assert annual[1000] == pytest.approx(2500, rel=0.05)


def test_fraction_of_a_watt_hour_is_carried() -> None:
    meter = Meter(meter_id="m1", seed=1)
    for _ in range(1000):
        meter.household_interval(1)
    whole = meter.import_wh
    for _ in range(1000):
        meter.household_interval(200_000)
    # 200 Wh at 1,000 kWh a year, in steps that are each below 1 Wh.
    assert whole == 0
    assert meter.import_wh == pytest.approx(200 * meter.annual_kwh / 1000, rel=0.1)


def test_open_relay_stops_the_register_and_a_reconnect_lets_it_go_on() -> None:
    meter = Meter(meter_id="m1", seed=1, start_wh=100)
    assert meter.use_wh(50) == 150
    assert meter.obey(command(RelayAction.DISCONNECT, 1), now=NOW).moved
    assert meter.relay is RelayState.OPEN
    assert meter.use_wh(50) == 150
    assert meter.household_interval(10**9) == 150
    assert meter.obey(command(RelayAction.RECONNECT, 2), now=NOW).moved
    assert meter.use_wh(50) == 200


def test_same_command_again_gets_the_same_response_even_when_expired() -> None:
    meter = Meter(meter_id="m1", seed=1)
    cut = command(RelayAction.DISCONNECT, 1)
    first = meter.obey(cut, now=NOW)
    meter.obey(command(RelayAction.RECONNECT, 2), now=NOW)
    again = meter.obey(cut, now=NOW + timedelta(hours=1))
    assert again.response == first.response
    assert not again.moved
    assert meter.relay is RelayState.CLOSED
    assert meter.commands.executions[cut.command_id] == 1
    assert meter.commands.answers[cut.command_id] == 2


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (command(RelayAction.DISCONNECT, 5), "not above"),
        (command(RelayAction.DISCONNECT, 4), "not above"),
        (command(RelayAction.DISCONNECT, 6, valid_s=None), "no not_after"),
        (command(RelayAction.DISCONNECT, 6, meter_id="m2"), "for meter m2"),
    ],
)
def test_command_is_rejected(refused: CommandClaims, reason: str) -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.obey(command(RelayAction.RECONNECT, 5), now=NOW)
    answer = meter.obey(refused, now=NOW)
    assert answer.response.outcome is MqttOutcome.REJECTED
    assert reason in answer.response.detail
    assert meter.relay is RelayState.CLOSED
    assert meter.commands.executions[refused.command_id] == 0


def test_a_cut_that_comes_late_is_not_executed() -> None:
    meter = Meter(meter_id="m1", seed=1)
    cut = command(RelayAction.DISCONNECT, 1, lifetime_s=3600, valid_s=30)
    late = meter.obey(cut, now=NOW + timedelta(seconds=30))
    assert late.response.outcome is MqttOutcome.LATE
    assert meter.relay is RelayState.CLOSED
    assert meter.obey(cut, now=NOW + timedelta(seconds=29)).moved


CUT, BACK, ARM = RelayAction.DISCONNECT, RelayAction.RECONNECT, RelayAction.ARM
OPEN, CLOSED, ARMED = RelayState.OPEN, RelayState.CLOSED, RelayState.ARMED


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (CLOSED, CUT, OPEN),
        (OPEN, CUT, OPEN),
        (ARMED, CUT, OPEN),
        (CLOSED, BACK, CLOSED),
        (OPEN, BACK, CLOSED),
        (ARMED, BACK, CLOSED),
        # Who has supply keeps it.
        (CLOSED, ARM, CLOSED),
        (OPEN, ARM, ARMED),
        (ARMED, ARM, ARMED),
    ],
)
def test_where_a_command_leaves_the_relay(
    before: RelayState, action: RelayAction, after: RelayState
) -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.move_by_hand(before)
    answer = meter.obey(command(action, 1), now=NOW)
    assert (answer.response.outcome, answer.response.relay) == (MqttOutcome.SUCCEEDED, after)
    assert (meter.relay, answer.moved) == (after, before is not after)


@pytest.mark.parametrize("state", RelayState)
def test_the_button_closes_only_what_is_armed(state: RelayState) -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.move_by_hand(state)
    assert meter.press_button() is (state is ARMED)
    assert meter.relay is (CLOSED if state is ARMED else state)


def test_an_armed_meter_has_no_supply_and_takes_an_arm_at_any_time() -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.clock_synchronised = False
    meter.move_by_hand(OPEN)
    assert meter.obey(command(ARM, 1, lifetime_s=-3600, valid_s=None), now=NOW).moved
    assert meter.use_wh(50) == 0
    assert meter.press_button()
    assert meter.use_wh(50) == 50


def test_a_stuck_relay_says_so_and_its_command_is_over() -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.relay_faults = RelayFaults(stuck=True)
    cut = command(CUT, 1)
    answer = meter.obey(cut, now=NOW)
    assert (answer.response.outcome, answer.response.relay) == (MqttOutcome.FAILED, CLOSED)
    assert not answer.moved
    meter.relay_faults = RelayFaults()
    assert meter.obey(cut, now=NOW).response == answer.response
    assert meter.obey(command(CUT, 2), now=NOW).moved


def code_of(pad: CodePad, counter: int) -> str:
    return f"{counter % 100:02d}{pad._number(counter):014d}"  # pyright: ignore[reportPrivateUsage]


def test_a_code_closes_the_relay_once_and_a_later_cut_ends_those_before_it() -> None:
    meter = Meter(meter_id="m1", seed=1)
    assert not meter.type_in("1" * 16)
    meter.code_pad = CodePad(b"secret")
    first, second, third = (code_of(meter.code_pad, counter) for counter in range(3))
    meter.obey(command(CUT, 1), now=NOW)
    assert not meter.type_in(second[:-1] + str((int(second[-1]) + 1) % 10))
    assert meter.type_in(first)
    assert meter.relay is CLOSED
    cut = msgspec.structs.replace(command(CUT, 2), codes_from=2)
    meter.obey(cut, now=NOW)
    assert not meter.type_in(first)
    assert not meter.type_in(second)
    assert meter.type_in(third)


def test_a_relay_that_leaks_is_open_and_counts() -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.relay_faults = RelayFaults(leaking=True)
    meter.obey(command(CUT, 1), now=NOW)
    assert meter.relay is OPEN
    assert meter.use_wh(50) == 50


def test_a_cut_needs_a_clock_and_a_reconnection_does_not() -> None:
    meter = Meter(meter_id="m1", seed=1)
    meter.clock_synchronised = False
    refused = meter.obey(command(RelayAction.DISCONNECT, 1), now=NOW)
    assert refused.response.outcome is MqttOutcome.REJECTED
    assert meter.relay is RelayState.CLOSED
    meter.clock_synchronised = True
    assert meter.obey(command(RelayAction.DISCONNECT, 2), now=NOW).moved
    meter.clock_synchronised = False
    back = command(RelayAction.RECONNECT, 3, lifetime_s=-3600, valid_s=-3600)
    assert meter.obey(back, now=NOW).moved
    assert meter.relay is RelayState.CLOSED


def test_reconnect_of_a_closed_relay_succeeds_and_moves_nothing() -> None:
    answer = Meter(meter_id="m1", seed=1).obey(command(RelayAction.RECONNECT, 1), now=NOW)
    assert answer.response.outcome is MqttOutcome.SUCCEEDED
    assert not answer.moved


def faulty_run(faults: Faults, *, seed: int = 1, steps: int = 200) -> tuple[list[Reading], int]:
    injector = FaultInjector(faults, seed=seed)
    meters = [Meter(meter_id=f"m{n}", seed=1) for n in range(50)]
    published: list[Reading] = []
    for step in range(steps):
        at = NOW + QUARTER * step
        published += injector.apply([Reading(meter, at, meter.use_wh(1)) for meter in meters])
        published += injector.end_step()
    published += injector.release()
    assert injector.held == 0
    return published, sum(meter.truth.lost for meter in meters)


def test_faults_keep_their_rates_and_lose_nothing_else() -> None:
    faults = Faults(lost=0.1, duplicated=0.05, reordered=0.04, late=0.02)
    published, lost = faulty_run(faults)
    assert lost == pytest.approx(1000, rel=0.15)
    copies = Counter((reading.meter.meter_id, reading.at) for reading in published)
    assert len(copies) == 50 * 200 - lost
    assert sum(count == 2 for count in copies.values()) == pytest.approx(500, rel=0.2)
    by_meter: dict[str, list[datetime]] = {}
    for reading in published:
        by_meter.setdefault(reading.meter.meter_id, []).append(reading.at)
    behind = sum(a > b for instants in by_meter.values() for a, b in pairwise(instants))
    assert behind == pytest.approx(600, rel=0.2)


def test_faults_are_the_same_for_the_same_seed() -> None:
    def run(seed: int) -> list[tuple[str, datetime]]:
        published, _ = faulty_run(Faults(lost=0.2, late=0.2), seed=seed, steps=20)
        return [(reading.meter.meter_id, reading.at) for reading in published]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_reordered_comes_after_the_next_and_late_after_four() -> None:
    for faults, delay in ((Faults(reordered=1), 1), (Faults(late=1), 4)):
        injector = FaultInjector(faults, seed=1)
        meter = Meter(meter_id="m1", seed=1)
        steps: list[list[Reading]] = []
        for step in range(6):
            own = injector.apply([Reading(meter, NOW + QUARTER * step, step)])
            steps.append([*own, *injector.end_step()])
        assert [reading.import_wh for reading in steps[delay]] == [0]
        assert all(not step for step in steps[:delay])


@pytest.mark.parametrize(
    "shares", [{"lost": 1.1}, {"late": -0.1}, {"lost": 0.6, "duplicated": 0.6}, {"late_steps": 0}]
)
def test_impossible_faults_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"fault shares|late_steps"):
        Faults(**shares)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("ids", [[], ["a", "a"]])
def test_meter_ids_must_be_there_and_unique(ids: list[str]) -> None:
    with pytest.raises(ValueError, match="meter_ids"):
        FleetSettings(meter_ids=ids)
