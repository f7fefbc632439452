"""From readings to charges, end to end: by day and slot, late, lost, wrong and put right."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from expected import CALENDAR
from test_main_loop import KWH_A_STEP, step
from world import MICRO, World, until

from prewatt_common.clock import utc_now
from prewatt_metering.calendar.instants import us_of
from prewatt_simulator import ConstantLoad, Faults, Fleet
from prewatt_simulator.inventory import Household

pytestmark = pytest.mark.stack

OF_THE_REGISTER = {"glitch", "reset", "implausible"}


async def say(world: World, fleet: Fleet, home: Household, number: int, import_wh: int) -> None:
    """A reading that the meter's own register does not show."""
    payload = {"at": world.instant(number).isoformat(), "import_wh": import_wh}
    await fleet.publish_bytes(
        meter_id=home.meter_id, topic="reading", payload=json.dumps(payload).encode()
    )
    await fleet.drain()


async def found(world: World, home: Household, *expected: tuple[Any, ...]) -> None:
    """Wait until these are the findings of the register's path: name, both values, whether it
    stops cuts."""

    async def these() -> bool:
        findings = await world.findings(home.meter_id)
        return [
            (each["name"], each["before"], each["after"], each["stops_cut"])
            for each in findings
            if each["name"] in OF_THE_REGISTER
        ] == list(expected)

    await until(these, what=f"{home.meter_id} has the findings {expected}")


async def test_standing_charge_is_due_for_every_day_read_or_not(world: World) -> None:
    home = world.household(balance_micro=100 * MICRO, tariff_code="flat")
    await world.register(home)

    async def due() -> dict[str, Any] | None:
        account = await world.account(home.number)
        owed_micro = world.charge_micro(home, readings=())
        return account if account["balance_micro"] == 100 * MICRO - owed_micro else None

    account = await until(due, what="all days until today are charged")
    periods = await world.charges(account["id"])
    assert [each["period_first"][:7] for each in periods] == world.months
    first_day, today = (CALENDAR.day_of(us_of(each)) for each in (world.begin, utc_now()))
    assert sum(each["standing_days"] for each in periods) == (today - first_day).days + 1
    assert {(each["energy_wh"], each["last_read_at"]) for each in periods} == {(0, None)}
    assert await world.books_agree(account["id"]) == len(world.months)


async def test_a_days_energy_is_charged_by_the_slots_of_its_tariff(world: World) -> None:
    home = world.household(balance_micro=50 * MICRO, tariff_code="energy-time-of-use")
    await world.register(home)
    steps = range(1, 97)
    async with world.fleet([home], load=ConstantLoad(wh=500)) as fleet:
        for number in steps:
            at = await step(world, fleet, number)
        account = await world.settled(home, read_at=at)
    readings = [(world.instant(number), 500 * number) for number in steps]
    cost_micro = world.charge_micro(home, readings=readings)
    assert account["balance_micro"] == 50 * MICRO - cost_micro
    (first, *later) = await world.charges(account["id"])
    energy = {
        each["detail"]: each["quantity"] for each in first["lines"] if each["kind"] == "energy"
    }
    # Six hours of peak, eight of flat, ten of valley.
    assert energy == {"peak": 12_000, "flat": 16_000, "valley": 20_000}
    assert first["energy_wh"] == 48_000
    assert sum(each["energy_wh"] for each in later) == 0
    await world.books_agree(account["id"])


async def test_a_register_that_falls_and_comes_back_is_charged_for_what_it_counted(
    world: World,
) -> None:
    home = world.household(balance_micro=50 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=ConstantLoad(wh=2_000)) as fleet:
        await step(world, fleet, 1)
        before = await world.settled(home, read_at=await step(world, fleet, 2))
        await say(world, fleet, home, 3, 500)
        await found(world, home, ("reset", 4_000, 500, True))
        assert (await world.account(home.number))["balance_micro"] == before["balance_micro"]
        at = await step(world, fleet, 4)
        await found(world, home, ("glitch", 4_000, 500, False))
        after = await world.settled(home, read_at=at)
    readings = [(world.instant(n), wh) for n, wh in ((1, 2_000), (2, 4_000), (3, 500), (4, 6_000))]
    cost_micro = world.charge_micro(home, readings=readings)
    assert cost_micro == world.charge_micro(home, readings=[(at, 6_000)])
    assert after["balance_micro"] == 50 * MICRO - cost_micro
    await world.books_agree(after["id"])


async def test_readings_from_before_the_meter_serves_anybody_are_charged_when_it_does(
    world: World,
) -> None:
    home = world.household()
    await world.register_devices(home.meter_id)
    account_id = await world.open_account(home)
    assert (await world.pay(home.number, 9 * MICRO)).status_code == 200
    before = (await world.totals())["unbound_readings"]
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        for number in range(1, 5):
            await step(world, fleet, number)

        async def kept() -> bool:
            return (await world.totals())["unbound_readings"] >= before + 4

        await until(kept, what="the readings wait for their account")
        assert (await world.account(home.number))["balance_micro"] == 9 * MICRO
        await world.serve(home, account_id)
        account = await world.settled(home, read_at=world.instant(4))
        cost_micro = world.charge_micro(home, readings=[(world.instant(4), 4_000)])
        assert account["balance_micro"] == 9 * MICRO - cost_micro
    await world.books_agree(account_id)


async def test_late_repeated_and_reordered_readings_end_in_the_balance_of_an_undisturbed_twin(
    world: World,
) -> None:
    """Over the end of a period, so that late readings come after the next has begun."""
    faults = Faults(duplicated=0.2, reordered=0.3, late=0.4, late_steps=7)
    clean, faulty = await _twins_balances(
        world, faults=faults, first=world.steps_to_month_end - 15, steps=30
    )
    assert faulty == clean


async def test_after_lost_readings_the_next_one_carries_their_energy(world: World) -> None:
    faults = Faults(lost=0.5, duplicated=0.1, late=0.2)
    clean, faulty = await _twins_balances(world, faults=faults, first=1, steps=20)
    assert faulty == clean


async def _twins_balances(
    world: World, *, faults: Faults, first: int, steps: int
) -> tuple[list[int], list[int]]:
    """The balances of households without and with faults, of the same load and tariffs, after
    ``steps`` intervals and a reading of another one that nothing disturbs."""
    clean, faulty = (
        [
            world.household(balance_micro=1_000 * MICRO, tariff_code=code)
            for code in ("energy-flat", "energy-blocks") * 4
        ]
        for _ in range(2)
    )
    await world.register(*clean, *faulty)
    load = ConstantLoad(wh=17_000)
    last = world.instant(first + steps)
    async with (
        world.fleet(clean, load=load) as undisturbed,
        world.fleet(faulty, load=load, faults=faults, seed=7) as disturbed,
    ):
        for number in range(first, first + steps):
            await asyncio.gather(step(world, undisturbed, number), step(world, disturbed, number))
        await disturbed.release_held()
        for fleet, homes in ((undisturbed, clean), (disturbed, faulty)):
            for home in homes:
                await fleet.publish_reading(meter_id=home.meter_id, at=last, use_wh=100)
            await fleet.drain()
    for home in (*clean, *faulty):
        await world.settled(home, read_at=last)
    return await _balances(world, clean), await _balances(world, faulty)


async def _balances(world: World, homes: Sequence[Household]) -> list[int]:
    accounts = [await world.account(home.number) for home in homes]
    assert all(account["balance_micro"] < 1_000 * MICRO for account in accounts)
    return [account["balance_micro"] for account in accounts]
