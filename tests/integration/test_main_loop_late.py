"""A meter that is read months late, end to end: nobody is cut for it, and billing agrees."""

from collections.abc import AsyncGenerator

import pytest
from test_main_loop import KWH_A_STEP, step
from world import MICRO, World, until

from prewatt_common.contracts.base import RelayState

pytestmark = pytest.mark.stack

APART = {"corrected_bills": {"apart_after_days": 14}}
"""The world's first readings are of a month that ended longer ago, whatever day it is."""


@pytest.fixture(autouse=True)
async def apart(world: World) -> AsyncGenerator[None]:
    """Use of long ago is owed apart, for these tests alone."""
    await world.in_force({}, default=APART)
    yield
    await world.in_force({})


async def test_a_late_reading_of_last_quarter_cuts_nobody_and_billing_agrees(
    world: World,
) -> None:
    home = world.household(balance_micro=2 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        for number in range(1, 6):
            at = await step(world, fleet, number)
        account = await world.settled(home, read_at=at)
        # As a balance it would be below zero by now, and the relay open.
        assert account["balance_micro"] == 2 * MICRO
        assert account["sub_balances_micro"]["debt"] == -5 * 551_200
        assert account["supply_state"] == "connected"
        assert fleet.meters[home.meter_id].relay is RelayState.CLOSED
    assert await world.commands(account["id"]) == []
    (debt,) = await world.items("prepay-ledger", "/v1/debts", account_id=account["id"])
    assert (debt["left_micro"], debt["cause"]) == (5 * 551_200, "reading")
    await world.books_agree(account["id"])

    async def is_no_difference() -> bool:
        """What billing was told was given, less what it has rated itself, is the balance."""
        differences = await world.items("billing", "/v1/balance-differences")
        return account["id"] not in {each["account_id"] for each in differences}

    await until(is_no_difference, what="billing finds the balance to be what it comes to")
