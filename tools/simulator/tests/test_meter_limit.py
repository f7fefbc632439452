"""A meter under a limit: what it uses, and which limits it obeys."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import CommandClaims, MqttOutcome
from prewatt_simulator.kept import Kept
from prewatt_simulator.meter import Meter, RelayFaults

NOW = datetime(2026, 1, 14, 17, tzinfo=UTC)
LIMIT, CUT = RelayAction.LIMIT, RelayAction.DISCONNECT


def command(
    action: RelayAction, sequence: int, *, limit_w: int | None = None, is_cut: bool = True
) -> CommandClaims:
    return CommandClaims(
        command_id=uuid4(),
        meter_id="m1",
        action=action,
        sequence=sequence,
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=30),
        not_after=NOW + timedelta(seconds=30) if is_cut else None,
        limit_w=limit_w,
    )


def meter() -> Meter:
    return Meter(meter_id="m1", seed=1)


def test_no_more_flows_than_the_limit_lets_through() -> None:
    of = meter()
    assert of.obey(command(LIMIT, 1, limit_w=400), now=NOW).response.relay is RelayState.LIMITED
    assert of.use_wh(60) == 60, "less than the limit flows as ever"
    assert of.use_wh(500) == 160, "400 W in a quarter of an hour are 100 Wh"
    assert of.household_interval(10**9) == 260
    assert of.obey(command(LIMIT, 2, limit_w=800), now=NOW).response.relay is RelayState.LIMITED
    assert of.use_wh(500) == 460
    of.relay_faults = RelayFaults(leaking=True)
    assert of.use_wh(500) == 960, "a limiter that does not limit"


@pytest.mark.parametrize("action", [RelayAction.RECONNECT, RelayAction.ARM])
def test_what_gives_supply_back_lifts_the_limit_and_opens_nothing(action: RelayAction) -> None:
    of = meter()
    of.obey(command(LIMIT, 1, limit_w=400), now=NOW)
    late = command(action, 2, is_cut=False)
    assert of.obey(late, now=NOW + timedelta(hours=1)).response.relay is RelayState.CLOSED
    assert of.use_wh(500) == 500


@pytest.mark.parametrize(
    ("before", "watts", "is_late"),
    [
        (None, 400, True),
        (command(LIMIT, 1, limit_w=800), 400, True),
        (command(LIMIT, 1, limit_w=400), 400, False),
        (command(LIMIT, 1, limit_w=400), 800, False),
        (command(CUT, 1), 400, False),
    ],
)
def test_only_a_limit_that_takes_supply_away_comes_too_late(before, watts, is_late) -> None:
    of = meter()
    if before is not None:
        of.obey(before, now=NOW)
    answer = of.obey(command(LIMIT, 2, limit_w=watts), now=NOW + timedelta(seconds=30))
    assert (answer.response.outcome is MqttOutcome.LATE) is is_late
    assert (of.relay is RelayState.LIMITED) is (not is_late or before is not None)


def test_a_limit_of_no_watts_is_refused() -> None:
    answer = meter().obey(command(LIMIT, 1), now=NOW)
    assert answer.response.outcome is MqttOutcome.REJECTED
    assert answer.response.detail == "no limit_w"


def test_a_limit_is_remembered_without_power() -> None:
    of = meter()
    of.remember(Kept(meter_id="m1", relay=RelayState.LIMITED, limit_w=400, sequence=7))
    assert of.use_wh(500) == 100
    assert of.obey(command(LIMIT, 7, limit_w=800), now=NOW).response.outcome is MqttOutcome.REJECTED
    assert of.limit_w == 400
