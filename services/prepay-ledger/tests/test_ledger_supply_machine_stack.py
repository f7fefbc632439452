"""Payments, charges, moves, swaps, presence, hands, losses and time in any order: at rest every
relay that can be reached is where it should be."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ledger_devices import relay_of
from ledger_scratch import Scratch
from ledger_world import World

from prewatt_common.contracts.base import RelayState

pytestmark = pytest.mark.stack
WHICH = st.integers(min_value=0, max_value=1)
ACTIONS = st.one_of(
    st.tuples(st.just("pay"), WHICH, st.sampled_from([-150, -60, -5, 5, 60, 150])),
    st.tuples(st.just("credit"), WHICH, st.sampled_from([0, 50])),
    st.tuples(st.just("protect"), WHICH, st.booleans()),
    st.tuples(st.just("limit"), WHICH, st.sampled_from([None, 300, 600])),
    st.tuples(st.just("overload"), WHICH, st.none()),
    st.tuples(st.just("move"), WHICH, st.sampled_from([None, 0, 1])),
    st.tuples(st.just("swap"), WHICH, st.none()),
    st.tuples(st.just("hand"), WHICH, st.none()),
    st.tuples(st.just("presence"), WHICH, st.booleans()),
    st.tuples(st.just("deliver"), WHICH, st.sampled_from(["", "", "", "command", "answer"])),
    st.tuples(st.just("late"), WHICH, st.none()),
    st.tuples(st.just("time"), WHICH, st.sampled_from([1, 20, 90, 3_600, 11 * 3_600])),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(script=[("limit", 0, 300), ("pay", 0, -150), ("deliver", 0, ""), ("limit", 0, 600)])
@example(script=[("pay", 0, -150), ("deliver", 0, ""), ("limit", 0, 300), ("deliver", 0, "answer")])
@example(script=[("hand", 0, None)] * 3 + [("time", 0, 90), ("hand", 0, None)] * 3)
@example(script=[("hand", 0, None), ("time", 0, 3_600), ("deliver", 0, "")] * 3)
@example(script=[("hand", 0, None)] * 3)
@given(script=st.lists(ACTIONS, max_size=25))
def test_at_rest_every_relay_is_where_it_should_be(
    own_database_url: str, script: list[Any]
) -> None:
    asyncio.run(_play(own_database_url, script))


async def _play(url: str, script: list[Any]) -> None:
    scratch = Scratch(url)
    world = World(scratch)
    try:
        await world.begin()
        for action in script:
            await _act(world, *action)
        await world.settle()
        await _is_at_rest(world)
    finally:
        await world.end()
        await scratch.database.close()


async def _act(world: World, action: str, which: int, what: Any) -> None:
    household, device = world.households[which], world.devices[which]
    match action:
        case "pay":
            await world.pay(household, what)
        case "credit":
            await world.terms(household, overdraft_micro=what)
        case "protect":
            await world.terms(household, protected=what)
        case "limit":
            await world.limit(household, what)
        case "overload":
            await world.overload(device)
        case "move":
            await world.move(device, None if what is None else world.households[what])
        case "swap":
            await world.swap(device)
        case "hand":
            await world.by_hand(device)
        case "presence":
            await world.presence(device, is_there=what)
        case "deliver":
            await world.deliver(device, loses=what)
        case "late":
            await world.late_answer(device)
        case _:
            await world.pass_time(what)


async def _is_at_rest(world: World) -> None:
    states, observed = await world.states(), await world.observed()
    waiting = await world.opens_again()
    for device in world.devices:
        household = world.serves.get(device.meter_id)
        if household is None:
            continue
        balance, state = household.balance_micro, states[household.id]
        if device.meter_id in observed:
            assert observed[device.meter_id] == relay_of(device)
        if state == "reconnecting":
            # Who stays off all the same is named: a relay that was opened by hand so often that
            # somebody has to look.
            own = {each for each, serves in world.serves.items() if serves is household}
            assert own & waiting
            assert device.is_open == (device.meter_id in waiting)
            continue
        if household.protected or balance > 0:
            # Nobody stays off who has what policy asks to come back.
            assert relay_of(device) is RelayState.CLOSED
            assert state in ("connected", "warned", "pending")
        elif balance <= -household.overdraft_micro:
            # Nobody stays on without it: no hold is left by now.
            assert device.is_open == (household.limit_w is None)
            assert device.limit_w == household.limit_w
            assert state == ("disconnected" if device.is_open else "limited")
        else:
            assert device.is_open == (state == "disconnected")
            assert (device.limit_w is not None) == (state == "limited")
