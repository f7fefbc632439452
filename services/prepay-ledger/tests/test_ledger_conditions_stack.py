"""Conditions that hold cuts as the policy says, on PostgreSQL: a payment under way, a provider that
is down, a balance that nobody can look up, a change of mode, a reading in dispute."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from ledger_devices import relay_of
from ledger_scratch import Scratch
from ledger_town import Dying, Killed
from ledger_world import BEGIN, MONTH_AGO, World

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.conditions.postgres_queries import ConditionQueries
from prepay_ledger.conditions.refusals import ConditionConflict, InvalidCondition, UnknownCondition
from prepay_ledger.conditions.tell_condition import begin_condition, end_condition
from prepay_ledger.conditions.values import OF_UTILITY, Condition
from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.supply.follow_rules import FollowRules
from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.supply_policy_v1 import policy_of

pytestmark = pytest.mark.stack

HOUR = timedelta(hours=1)
IN_FLIGHT, PROVIDER = ConditionKind.PAYMENT_IN_FLIGHT, ConditionKind.PAYMENT_PROVIDER_DOWN
every_kind = pytest.mark.parametrize("kind", ConditionKind)


class Place(World):
    """Two homes. The first is told of; of the utility both are."""

    async def publish(self, heeded: set[ConditionKind]) -> None:
        """By two people: a policy by which these hold cuts."""
        document = policy_of({"default": {"evidence": {str(kind): True for kind in heeded}}})
        async with self.scratch.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=self.by("one", MONTH_AGO)
            )
            await publish_policy(
                unit=unit, policy_id=draft.id, decided=self.by("another", MONTH_AGO)
            )
        self.follow = FollowRules(open_unit=self.scratch.unit, clock=lambda: self.now)
        await self.follow()

    def by(self, name: str, at: datetime | None = None) -> Decided:
        return Decided(by=name, reason="test", at=at or self.now)

    async def say(
        self,
        kind: ConditionKind,
        reference: str = "1",
        *,
        until: datetime | None = None,
        open_unit: Any = None,
    ) -> tuple[Condition, bool]:
        async with (open_unit or self.scratch.unit)() as unit:
            return await begin_condition(
                unit=unit,
                kind=kind,
                account_id=None if kind in OF_UTILITY else self.households[0].id,
                reference=reference,
                until=until or (self.now + HOUR if kind is IN_FLIGHT else None),
                decided=self.by("ann"),
            )

    async def end_it(self, condition_id: UUID, name: str = "bob") -> Condition:
        async with self.scratch.unit() as unit:
            return await end_condition(unit=unit, condition_id=condition_id, decided=self.by(name))

    async def look(self) -> None:
        """What the jobs do within two seconds."""
        await self.follow()
        await self.pass_time(1)

    async def use_up(self) -> None:
        for household in self.households:
            await self.pay(household, -150)

    async def state(self) -> tuple[str, str]:
        states = await self.states()
        first, second = (states[each.id] for each in self.households)
        return first, second

    async def held(self) -> list[str]:
        """What holds the first home's cut, by its last decision."""
        rows = await self.scratch.sql(
            "SELECT held FROM decision WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
            self.households[0].id,
        )
        return list(rows[0]["held"])

    async def facts(self) -> list[str]:
        rows = await self.scratch.sql(
            "SELECT kind FROM fact WHERE kind LIKE '%condition%' ORDER BY id"
        )
        return [row["kind"] for row in rows]


@pytest.fixture
async def place(own_database_url: str) -> AsyncGenerator[Place]:
    made = Place(Scratch(own_database_url))
    await made.publish(set(ConditionKind))
    await made.begin()
    yield made
    await made.end()
    await made.scratch.database.close()


@every_kind
async def test_a_cut_waits_until_it_is_ended(place: Place, kind: ConditionKind) -> None:
    condition, _ = await place.say(kind)
    await place.use_up()
    others = "pending" if kind in OF_UTILITY else "disconnecting"
    assert await place.state() == ("pending", others)
    assert await place.held() == [kind]
    await place.look()
    assert await place.state() == ("pending", others), "it stays held"
    await place.end_it(condition.id)
    await place.look()
    assert await place.state() == ("disconnecting", "disconnecting")


@every_kind
async def test_a_cut_in_flight_is_called_back(place: Place, kind: ConditionKind) -> None:
    await place.use_up()
    assert await place.state() == ("disconnecting", "disconnecting")
    await place.say(kind)
    await place.look()
    held = place.devices if kind in OF_UTILITY else place.devices[:1]
    for device in held:
        assert device.waiting is not None
        assert device.waiting["action"] == "reconnect"
    for device in place.devices:
        await place.deliver(device)
    open_or_closed = [relay_of(device) for device in place.devices]
    assert open_or_closed[0] is RelayState.CLOSED
    assert (open_or_closed[1] is RelayState.CLOSED) == (kind in OF_UTILITY)
    assert (await place.state())[0] == "pending"


async def test_it_ends_by_itself_and_the_cut_follows(place: Place) -> None:
    await place.say(IN_FLIGHT, until=BEGIN + HOUR)
    await place.use_up()
    await place.pass_time(3_500)
    assert (await place.state())[0] == "pending"
    await place.pass_time(200)
    assert (await place.state())[0] == "disconnecting"


async def test_of_two_the_cut_waits_for_both(place: Place) -> None:
    one, _ = await place.say(IN_FLIGHT, "1")
    two, _ = await place.say(IN_FLIGHT, "2", until=BEGIN + 2 * HOUR)
    await place.use_up()
    await place.end_it(two.id)
    await place.look()
    assert (await place.state())[0] == "pending"
    await place.end_it(one.id)
    await place.look()
    assert (await place.state())[0] == "disconnecting"


@every_kind
async def test_what_no_policy_heeds_holds_nobody(
    own_database_url: str, kind: ConditionKind
) -> None:
    place = Place(Scratch(own_database_url))
    await place.publish(set(ConditionKind) - {kind})
    await place.begin()
    await place.say(kind)
    await place.use_up()
    assert await place.state() == ("disconnecting", "disconnecting")
    await place.end()
    await place.scratch.database.close()


async def test_the_same_again_changes_nothing(place: Place) -> None:
    condition, is_new = await place.say(IN_FLIGHT, until=BEGIN + HOUR)
    assert is_new
    assert await place.say(IN_FLIGHT, until=BEGIN + HOUR) == (condition, False)
    with pytest.raises(ConditionConflict, match="was told before, until 2026-03-01T13:00"):
        await place.say(IN_FLIGHT, until=BEGIN + 2 * HOUR)
    ended = await place.end_it(condition.id)
    assert ended.ended == place.by("bob")
    assert await place.end_it(condition.id, "cid") == ended
    assert await place.say(IN_FLIGHT, until=BEGIN + HOUR) == (ended, False)
    assert await place.facts() == [
        "prewatt.ledger.condition-begun.v1",
        "prewatt.ledger.condition-ended.v1",
    ]


async def test_what_is_over_by_itself_is_ended_by_nobody(place: Place) -> None:
    condition, _ = await place.say(IN_FLIGHT, until=BEGIN + HOUR)
    await place.pass_time(3_601)
    assert (await place.end_it(condition.id)).ended is None
    assert await place.say(IN_FLIGHT, until=BEGIN + HOUR) == (condition, False)


async def test_of_many_who_tell_or_end_the_same_at_once_one_does(place: Place) -> None:
    told = await asyncio.gather(*(place.say(PROVIDER) for _ in range(5)))
    assert sorted(is_new for _, is_new in told) == [False] * 4 + [True]
    assert len({condition.id for condition, _ in told}) == 1
    (condition_id,) = {condition.id for condition, _ in told}
    ended = await asyncio.gather(*(place.end_it(condition_id, f"p{n}") for n in range(5)))
    assert len({each.ended for each in ended}) == 1
    assert len(await place.facts()) == 2


async def test_what_cannot_be_is_refused(place: Place) -> None:
    with pytest.raises(InvalidCondition, match="2026-03-06T12:00"):
        await place.say(IN_FLIGHT, until=BEGIN + timedelta(days=6))
    with pytest.raises(UnknownCondition, match="there is no condition"):
        await place.end_it(uuid4())
    place.households[0].id = uuid4()
    with pytest.raises(UnknownAccount, match="does not exist"):
        await place.say(ConditionKind.MODE_CHANGE)
    assert await place.facts() == []


@every_kind
async def test_who_dies_before_the_commit_has_told_nothing(
    place: Place, kind: ConditionKind
) -> None:
    await place.use_up()
    with pytest.raises(Killed):
        await place.say(kind, open_unit=Dying(place.scratch, after=0, inside=True))
    await place.look()
    assert await place.state() == ("disconnecting", "disconnecting")
    assert await place.facts() == []
    assert (await place.say(kind))[1], "told again it is there"


@every_kind
@pytest.mark.parametrize("ends", [False, True])
async def test_a_death_after_the_commit_loses_no_look(
    place: Place, kind: ConditionKind, *, ends: bool
) -> None:
    """Another process begins, which knows nothing of what was told."""
    condition, _ = await place.say(kind) if ends else (None, True)
    await place.use_up()
    if condition is None:
        await place.say(kind)
    else:
        await place.end_it(condition.id)
    place.follow = FollowRules(open_unit=place.scratch.unit, clock=lambda: place.now)
    await place.look()
    if ends:
        assert (await place.state())[0] == "disconnecting"
    else:
        assert place.devices[0].waiting is not None
        assert place.devices[0].waiting["action"] == "reconnect"


async def test_a_decision_that_did_not_see_it_is_made_once_more(place: Place) -> None:
    """A cut is decided while a payment is told of: who comes second waits for the account."""
    household = place.households[0]
    async with place.scratch.unit() as unit:
        await unit.supply.hold([household.id])
        telling = asyncio.create_task(place.say(IN_FLIGHT))
        done, _ = await asyncio.wait([telling], timeout=0.3)
        assert not done, "it waits for the account"
        await unit.connection.exec_driver_sql(
            "UPDATE account SET balance_micro = -50 WHERE id = '" + str(household.id) + "'"
        )
        await place.review(unit, [household.id], now=place.now, caused_at=place.now)
    assert (await telling)[1]
    await place.pass_time(0)
    commands = await place.scratch.sql(
        "SELECT action FROM command WHERE account_id = $1 ORDER BY sequence", household.id
    )
    assert [row["action"] for row in commands] == ["disconnect", "reconnect"]


async def test_what_stands_is_told_of_each_account_that_is_asked_for(place: Place) -> None:
    home, other = (each.id for each in place.households)
    async with place.scratch.unit() as unit:
        assert await unit.conditions.standing([home, other], now=place.now) == {}
    await place.say(IN_FLIGHT)
    outage, _ = await place.say(PROVIDER)
    async with place.scratch.unit() as unit:
        found = await unit.conditions.standing([home, other], now=place.now)
        later = await unit.conditions.standing([home], now=place.now + HOUR)
    assert found == {
        home: {IN_FLIGHT: BEGIN + HOUR + timedelta(seconds=2), PROVIDER: None},
        other: {PROVIDER: None},
    }
    assert later == {home: {PROVIDER: None}}
    queries = ConditionQueries(place.scratch.database)
    assert await queries.oldest(now=place.now) == {IN_FLIGHT: place.now, PROVIDER: place.now}
    assert await queries.oldest(now=place.now + HOUR) == {PROVIDER: place.now}
    await place.end_it(outage.id)
    assert await queries.oldest(now=place.now + HOUR) == {}
    async with place.scratch.unit() as unit:
        assert await unit.conditions.standing([other], now=place.now) == {}
