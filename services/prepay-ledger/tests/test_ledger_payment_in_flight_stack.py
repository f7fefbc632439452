"""A payment that was announced ends its condition when its money is credited, on PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from ledger_scratch import Scratch
from ledger_town import Dying, Killed
from test_ledger_conditions_stack import IN_FLIGHT, Place

from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment

pytestmark = pytest.mark.stack


@pytest.fixture
async def place(own_database_url: str) -> AsyncGenerator[Place]:
    made = Place(Scratch(own_database_url))
    await made.publish({IN_FLIGHT})
    await made.begin()
    yield made
    await made.end()
    await made.scratch.database.close()


async def credit(place: Place, payment_id: str, amount: int = 1, open_unit: Any = None) -> None:
    payment = Payment(
        provider="bank",
        payment_id=payment_id,
        account_number=str(place.households[0].id),
        amount_micro=amount,
        currency="CNY",
    )
    async with (open_unit or place.scratch.unit)() as unit:
        await TakePayment(review=place.review)(unit, payment=payment, now=place.now)


async def ends(place: Place) -> list[tuple[str, str]]:
    rows = await place.scratch.sql("SELECT ended_by, reason FROM condition_end")
    return [(row["ended_by"], row["reason"]) for row in rows]


async def test_too_little_money_ends_the_hold_that_announced_it(place: Place) -> None:
    await place.say(IN_FLIGHT, "p-1")
    await place.use_up()
    assert (await place.state())[0] == "pending"
    await credit(place, "p-1")
    await credit(place, "p-1")
    await place.look()
    assert (await place.state())[0] == "disconnecting"
    assert await ends(place) == [("bank", "its money was credited")]
    assert len(await place.facts()) == 2


async def test_money_of_another_name_leaves_it(place: Place) -> None:
    await place.say(IN_FLIGHT, "p-1")
    await place.use_up()
    await credit(place, "p-2")
    await place.look()
    assert (await place.state())[0] == "pending"
    assert await ends(place) == []


async def test_who_dies_before_the_commit_has_neither(place: Place) -> None:
    await place.say(IN_FLIGHT, "p-1")
    await place.use_up()
    with pytest.raises(Killed):
        await credit(place, "p-1", open_unit=Dying(place.scratch, after=0, inside=True))
    await place.look()
    assert (await place.state())[0] == "pending"
    assert await ends(place) == []


async def test_money_and_a_person_at_once_end_it_once(place: Place) -> None:
    for number in range(10):
        condition, _ = await place.say(IN_FLIGHT, f"p-{number}")
        await asyncio.gather(credit(place, f"p-{number}"), place.end_it(condition.id))
    assert len(await ends(place)) == 10
    assert len(await place.facts()) == 20
