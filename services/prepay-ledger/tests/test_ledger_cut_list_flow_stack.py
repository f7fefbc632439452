"""A day's list on PostgreSQL, from those that wait for one to the last of their cuts."""

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from ledger_devices import Device, Household
from ledger_procedures import procedure
from ledger_scratch import Scratch
from ledger_world import MONTH_AGO, World

from prepay_ledger.cut_lists.decide_list import approve_list
from prepay_ledger.cut_lists.draft_list import draft_list
from prepay_ledger.cut_lists.refusals import CutListRefused
from prepay_ledger.facts.values import Decided
from prepay_ledger.prepay_agreements.values import direct_terms, first_agreement
from prepay_ledger.procedures.draft_procedure import draft_procedure
from prepay_ledger.procedures.publish_procedure import publish_procedure
from prepay_ledger.supply.follow_rules import FollowRules

pytestmark = pytest.mark.stack
COUNT = 12
OF = ("listed", "any", "prepay")
LISTED = {
    "jurisdiction": "listed",
    "valid_from": "2026-01-30",
    "timezone": "UTC",
    "cut_list": {
        "approver_role": "duty",
        "canary": 3,
        "per_hour": 36_000,
        "staffed": [{"begin": "00:00", "end": "21:00"}],
    },
}


class Place(World):
    """Households whose procedure asks for a day's list."""

    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch)
        self.households = [Household(uuid4()) for _ in range(COUNT)]
        self.devices = [Device(f"m-{uuid4().hex}") for _ in range(COUNT)]

    async def by_list(self) -> None:
        """They sign that, and use what they had."""
        one, another = (Decided(by=by, reason="test", at=MONTH_AGO) for by in ("one", "another"))
        async with self.scratch.unit() as unit:
            draft = await draft_procedure(unit=unit, procedure=procedure(**LISTED), decided=one)
            await publish_procedure(unit=unit, draft_id=draft.id, decided=another)
            terms = direct_terms(number="1", low_balance_micro=5, overdraft_micro=0, at=MONTH_AGO)
            await unit.prepay_agreements.add(
                [
                    replace(
                        first_agreement(each.id, replace(terms, jurisdiction="listed"), one),
                        version=2,
                    )
                    for each in self.households
                ]
            )
        for each in self.households:
            await self.pay(each, -100)

    async def approved(self) -> UUID:
        async with self.scratch.unit() as unit:
            made = await draft_list(
                unit=unit, of=OF, account_ids=None, passing=(), decided=self._by("one")
            )
            await approve_list(unit=unit, list_id=made.id, role="duty", decided=self._by("another"))
        await FollowRules(open_unit=self.scratch.unit, clock=lambda: self.now)()
        await self.pass_time(5)
        return made.id

    def _by(self, who: str) -> Decided:
        return Decided(by=who, reason="test", at=self.now)

    async def counts(self) -> Counter[str]:
        return Counter((await self.states()).values())

    async def lines(self) -> Counter[str]:
        rows = await self.scratch.sql("SELECT state FROM cut_list_line")
        return Counter(row["state"] for row in rows)


@pytest.fixture
async def place(own_database_url: str) -> AsyncGenerator[Place]:
    scratch = Scratch(own_database_url)
    made = Place(scratch)
    await made.begin()
    await made.by_list()
    yield made
    await made.end()
    await scratch.database.close()


async def test_the_canary_is_cut_first_and_whoever_cannot_be_cut_leaves_the_place(
    place: Place,
) -> None:
    assert await place.counts() == {"pending": COUNT}
    # All came to be cut at the same instant: the list is in the order of their ids.
    first = min(place.households, key=lambda each: each.id)
    away = next(each for each in place.devices if place.serves[each.meter_id] is first)
    await place.presence(away, is_there=False)
    await place.approved()
    await place.pass_time(5)
    assert await place.lines() == {"out": 3, "aside": 1, "waiting": COUNT - 4}
    going = [each for each in place.devices if each.waiting is not None]
    assert len(going) == 3 and away not in going
    # One of the three pays while its cut is out: another is tried in its place.
    paid = place.serves[going[0].meter_id]
    await place.pay(paid, 200)
    await place.pass_time(5)
    assert await place.lines() == {"dropped": 1, "out": 3, "aside": 1, "waiting": COUNT - 5}
    for each in place.devices:
        await place.deliver(each)
    await place.pass_time(5)
    # What came of three is known: all others go.
    assert await place.lines() == {"dropped": 1, "done": 3, "aside": 1, "out": COUNT - 5}
    for each in place.devices:
        await place.deliver(each)
    await place.presence(away, is_there=True)
    await place.pass_time(5)
    await place.deliver(away)
    await place.pass_time(5)
    assert await place.lines() == {"dropped": 1, "done": COUNT - 1}
    assert sum(each.is_open for each in place.devices) == COUNT - 1


async def test_a_list_of_nobody_is_refused(place: Place) -> None:
    for each in place.households:
        await place.pay(each, 500)
    with pytest.raises(CutListRefused, match="waits for a list"):
        await place.approved()


async def test_a_list_takes_those_that_wait_for_nothing_else(place: Place) -> None:
    """Of those whose meter is away it is not known; they may be back by the time."""
    await place.terms(place.households[0], protected=True)
    list_id = await place.approved()
    rows = await place.scratch.sql(
        "SELECT account_id FROM cut_list_line WHERE list_id = $1", list_id
    )
    listed = {row["account_id"] for row in rows}
    assert listed == {each.id for each in place.households[1:]}
