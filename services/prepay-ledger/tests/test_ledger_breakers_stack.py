"""The fleet breaker, the operators' switch and undoing cuts, on a PostgreSQL of the test's own."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from ledger_town import Dying, Killed, Town

from prepay_ledger.breakers.admit_cuts import admit_cuts, cut_holds_of
from prepay_ledger.breakers.follow_holds import FollowHolds
from prepay_ledger.breakers.hold_cuts import end_hold, hold_cuts
from prepay_ledger.breakers.refusals import HoldRefused, UndoRefused
from prepay_ledger.breakers.undo_cuts import draft_undo, end_undo, release_undo, withdraw_undo
from prepay_ledger.breakers.values import (
    ALL,
    Admitted,
    Cause,
    CutHold,
    CutUndo,
    Hold,
    Limit,
    Limits,
    Scope,
    UndoState,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutScope
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

HOUSES = 40
MINUTE = timedelta(minutes=1)
WIDE = Limit(paced_per_min=1_000, trip_per_min=1_000)
CNY = Scope(CutScope.TARIFF, "in-cny")
LINE = Scope(CutScope.LINE, "L1")


def limits(all_accounts: Limit = WIDE, tariff: Limit = WIDE, area: Limit = WIDE) -> Limits:
    return Limits(all_accounts=all_accounts, tariff=tariff, area=area)


OF_NOBODY = limits()
"""They stop none of the houses here."""


def limit(*, paced: int = 1_000, trip: int = 1_000) -> Limit:
    return Limit(paced_per_min=paced, trip_per_min=trip)


class Fleet(Town):
    """Houses: every other one pays by `CNY`; the first ten meters hang at `LINE`."""

    ids: Sequence[UUID] = ()
    at = datetime(2026, 3, 1, tzinfo=UTC)

    async def build(self) -> None:
        await self.settle(self.today)
        rows = await self.sql("SELECT id FROM account ORDER BY length(number), number")
        self.ids = [row["id"] for row in rows]
        await self.sql(
            "INSERT INTO meter (meter_id, household, resolution_wh, line, revision) "
            "SELECT 'm' || n, true, 1, 'L1', 1 FROM generate_series(0, 9) AS n"
        )
        self.at = self.now.replace(second=7, microsecond=0)

    def by(self, name: str, at: datetime | None = None) -> Decided:
        return Decided(by=name, reason="seen", at=at or self.at)

    async def admits(
        self, some: Sequence[UUID], allowed: Limits = OF_NOBODY, at: datetime | None = None
    ) -> Admitted:
        async with self.unit() as unit:
            return await admit_cuts(unit, some, limits=allowed, now=at or self.at)

    async def held(self, at: datetime | None = None) -> dict[UUID, tuple[Hold, ...]]:
        async with self.unit() as unit:
            return dict(await cut_holds_of(unit, self.ids, now=at or self.at))

    async def hold(self, scope: Scope, until: datetime | None = None) -> CutHold:
        async with self.unit() as unit:
            return await hold_cuts(unit=unit, scope=scope, until=until, decided=self.by("ann"))

    async def end(self, hold_id: UUID, at: datetime | None = None) -> CutHold:
        async with self.unit() as unit:
            return await end_hold(unit=unit, hold_id=hold_id, decided=self.by("bob", at))

    async def trips(self) -> list[Any]:
        return await self.sql("SELECT * FROM cut_hold WHERE tripped_scope IS NOT NULL")

    async def cut(self, account_id: UUID, at: datetime, status: str = "succeeded") -> None:
        """A cut of it was issued then."""
        await self.sql(
            "WITH d AS (INSERT INTO decision (id, account_id, state, fired, held, inputs, at) "
            "VALUES ($1, $2, 'disconnecting', '{}', '{}', '{}', $3) RETURNING id) "
            "INSERT INTO command (id, decision_id, account_id, meter_id, action, sequence, status, "
            "status_rank, caused_at, issued_at, expires_at) "
            "SELECT $1, id, $2::uuid, (SELECT meter_id FROM installation WHERE account_id = $2), "
            "'disconnect', 1 + (SELECT count(*) FROM command), $4, 0, $3, $3, "
            "$3::timestamptz + interval '1 hour' FROM d",
            uuid4(), account_id, at, status,
        )  # fmt: skip

    async def draft(self, scope: Scope) -> CutUndo:
        async with self.unit() as unit:
            return await draft_undo(
                unit=unit,
                scope=scope,
                since=self.at - timedelta(hours=1),
                until=None,
                decided=self.by("ann"),
            )

    async def release(self, undo: CutUndo, name: str = "bob") -> CutUndo:
        async with self.unit() as unit:
            return await release_undo(unit=unit, undo_id=undo.id, decided=self.by(name))

    def following(self, open_unit: Any = None) -> FollowHolds:
        return FollowHolds(
            open_unit=open_unit or self.unit, clock=lambda: self.at, committed=lambda: None
        )

    async def rechecked(self) -> set[UUID]:
        rows = await self.sql("SELECT id FROM account WHERE recheck_at = $1", self.at)
        return {row["id"] for row in rows}

    async def apologies(self) -> list[UUID]:
        rows = await self.sql(
            "SELECT convert_from(key, 'UTF8') AS key FROM outbox "
            "WHERE convert_from(value, 'UTF8') LIKE '%undo_id%' AND topic = 'ledger.events.v1'"
        )
        return sorted(UUID(row["key"]) for row in rows)


@pytest.fixture
async def fleet(own_database_url: str) -> AsyncGenerator[Fleet]:
    fleet = Fleet(own_database_url, count=HOUSES)
    await fleet.build()
    yield fleet
    await fleet.database.close()


def causes(holds: tuple[Hold, ...]) -> list[Cause]:
    return [hold.cause for hold in holds]


async def test_what_is_shipped_holds_nobody(fleet: Fleet) -> None:
    assert await fleet.held() == {}
    made = await fleet.admits(fleet.ids)
    assert (made.admitted, made.held) == (frozenset(fleet.ids), {})
    assert await fleet.admits([]) == Admitted(admitted=frozenset(), held={})


async def test_replicas_that_admit_together_never_pass_the_pace(fleet: Fleet) -> None:
    other = Fleet(fleet.url, count=HOUSES)
    other.at = fleet.at
    allowed = limits(limit(paced=17), tariff=limit(paced=9))
    batches = [fleet.ids[n : n + 4] for n in range(0, HOUSES, 4)]
    made = await asyncio.gather(
        *((fleet, other)[n % 2].admits(batch, allowed) for n, batch in enumerate(batches))
    )
    await other.database.close()
    admitted = {each for one in made for each in one.admitted}
    by_tariff = [sum(fleet.ids.index(each) % 2 == odd for each in admitted) for odd in (0, 1)]
    assert len(admitted) == 17
    assert max(by_tariff) == 9
    held = {each: holds for one in made for each, holds in one.held.items()}
    assert held.keys() | admitted == set(fleet.ids)
    for holds in held.values():
        assert causes(holds) == [Cause.PACED]
        assert fleet.at < holds[0].until <= fleet.at + 4 * MINUTE
    # Minute by minute the others follow.
    left, minute = set(held), 1
    while left:
        one = await fleet.admits(sorted(left), allowed, fleet.at + minute * MINUTE)
        assert 0 < len(one.admitted) <= 17
        left -= one.admitted
        minute += 1
    assert minute <= 5
    assert await fleet.trips() == []


async def test_replicas_that_pass_a_trip_limit_stop_all_once(fleet: Fleet) -> None:
    allowed = limits(tariff=limit(trip=12))
    batches = [fleet.ids[n : n + 4] for n in range(0, HOUSES, 4)]
    made = await asyncio.gather(*(fleet.admits(batch, allowed) for batch in batches))
    admitted = {each for one in made for each in one.admitted}
    assert len(admitted) == 24, "six batches of two of each tariff, and not one more"
    (trip,) = [row for row in await fleet.trips() if row["tripped_name"] == "in-cny"]
    assert (trip["scope"], trip["wanted"], trip["trip_per_min"]) == ("all", 14, 12)
    assert (trip["held_by"], trip["reason"]) == (
        "fleet breaker",
        "14 of tariff in-cny came to be cut within a minute, more than 12",
    )
    assert {*await fleet.held()} == set(fleet.ids), "all stop, whatever their tariff"
    # Until a person releases it, be it an hour later.
    later = await fleet.admits(fleet.ids[:1], allowed, fleet.at + 60 * MINUTE)
    assert causes(later.held[fleet.ids[0]]) == [Cause.FLEET_BREAKER]


async def test_after_a_release_those_who_came_before_are_paced_and_trip_nothing(
    fleet: Fleet,
) -> None:
    allowed = limits(limit(paced=15, trip=19))
    first, others = fleet.ids[:20], fleet.ids[20:]
    assert (await fleet.admits(first, allowed)).admitted == frozenset()
    (trip,) = await fleet.trips()
    # Some more come while all are held: they are no more demand either.
    await fleet.admits(others, allowed)
    ended = await fleet.end(trip["id"])
    assert ended.ended == fleet.by("bob")
    assert await fleet.end(trip["id"], fleet.at + MINUTE) == ended, "the same again"
    assert await fleet.held() == {}
    one = await fleet.admits(fleet.ids, allowed)
    assert len(one.admitted) == 15
    two = await fleet.admits([*one.held], allowed, fleet.at + MINUTE)
    assert len(two.admitted) == 15
    three = await fleet.admits([*two.held], allowed, fleet.at + 2 * MINUTE)
    assert len(three.admitted) == 10
    assert len(await fleet.trips()) == 1
    # All were cut: who comes now comes anew.
    again = await fleet.admits(fleet.ids[:20], allowed, fleet.at + 3 * MINUTE)
    assert len(again.held) == 20
    assert len(await fleet.trips()) == 2
    facts = await fleet.sql("SELECT kind FROM fact WHERE kind LIKE '%cut%'")
    assert [row["kind"] for row in facts] == ["prewatt.ledger.cut-hold-ended.v1"]


async def test_a_hold_is_of_a_tariff_an_area_or_all(fleet: Fleet) -> None:
    until = fleet.at + 5 * MINUTE
    tariff = await fleet.hold(CNY, until)
    assert await fleet.held() == dict.fromkeys(fleet.ids[::2], ((Cause.OPERATORS, until),))
    line = await fleet.hold(LINE)
    held = await fleet.held()
    assert held.keys() == {*fleet.ids[::2], *fleet.ids[:10]}
    assert held[fleet.ids[0]] == ((Cause.OPERATORS, None),)
    made = await fleet.admits(fleet.ids)
    assert made.held == held
    assert made.admitted == set(fleet.ids) - held.keys()
    # The first ends by itself, the second by a person.
    assert (await fleet.held(until)).keys() == set(fleet.ids[:10])
    await fleet.end(line.id, until)
    assert await fleet.held(until) == {}
    everybody = await fleet.hold(ALL)
    assert (await fleet.held()).keys() == set(fleet.ids)
    for each in (tariff, everybody):
        await fleet.end(each.id)
    assert await fleet.held() == {}
    with pytest.raises(HoldRefused, match="is over"):
        await fleet.hold(ALL, fleet.at)


async def test_an_account_with_several_meters_counts_once_in_each_of_its_areas(
    fleet: Fleet,
) -> None:
    """The first house has a meter on another line too, and one that it has no more."""
    await fleet.sql(
        "INSERT INTO meter_state (meter_id) VALUES ('x1'), ('x2')",
    )
    for meter_id, line, ends in (("x1", "L2", None), ("x2", "L3", fleet.at - MINUTE)):
        await fleet.sql(
            "INSERT INTO meter (meter_id, household, resolution_wh, line, revision) "
            "VALUES ($1, true, 1, $2, 1)", meter_id, line,
        )  # fmt: skip
        await fleet.sql(
            "INSERT INTO installation (id, meter_id, account_id, begins_at, ends_at, multiplier, "
            "revision) VALUES ($1, $2, $3, $4, $5, 1, 1)",
            uuid4(), meter_id, fleet.ids[0], fleet.at - timedelta(minutes=2), ends,
        )  # fmt: skip
    made = await fleet.admits(fleet.ids)
    assert made.admitted == set(fleet.ids)
    counts = await fleet.sql("SELECT scope, name, wanted, admitted FROM cut_count ORDER BY 1, 2")
    assert [tuple(row) for row in counts] == [
        ("all", "", 40, 40),
        ("line", "L1", 10, 10),
        ("line", "L2", 1, 1),
        ("tariff", "in-cny", 20, 20),
        ("tariff", "in-eur", 20, 20),
    ]
    await fleet.hold(Scope(CutScope.LINE, "L2"))
    await fleet.hold(Scope(CutScope.LINE, "L3"))
    assert (await fleet.held()).keys() == {fleet.ids[0]}


async def test_a_hold_waits_for_cuts_that_did_not_see_it(fleet: Fleet) -> None:
    """Whatever was admitted is committed before the hold, so that it is found and called back."""
    async with fleet.unit() as unit:
        made = await admit_cuts(unit, fleet.ids, limits=OF_NOBODY, now=fleet.at)
        assert len(made.admitted) == HOUSES
        holding = asyncio.ensure_future(fleet.hold(ALL))
        other = asyncio.ensure_future(fleet.admits(fleet.ids))
        # Whoever only asks does not wait.
        assert await fleet.held() == {}
        done, _ = await asyncio.wait([holding, other], timeout=0.5)
        assert not done
    await holding
    assert (await fleet.held()).keys() == set(fleet.ids)
    await other


async def test_what_is_remembered_is_proven_by_each_transaction(fleet: Fleet) -> None:
    async with fleet.unit() as unit:
        quiet = await unit.breakers.state()
        assert quiet.is_quiet
        assert await unit.breakers.state() is quiet
    with pytest.raises(Killed):
        async with fleet.unit() as unit:
            await hold_cuts(unit=unit, scope=ALL, until=None, decided=fleet.by("ann"))
            assert not (await unit.breakers.state()).is_quiet
            raise Killed
    async with fleet.unit() as unit:
        assert (await unit.breakers.state()).is_quiet, "what was rolled back never was"


@pytest.mark.parametrize("trip", [3, 1_000])
async def test_killed_before_the_commit_nothing_was_admitted_and_nothing_tripped(
    fleet: Fleet, trip: int
) -> None:
    allowed = limits(limit(paced=10, trip=trip))
    with pytest.raises(Killed):
        async with fleet.unit() as unit:
            await admit_cuts(unit, fleet.ids[:10], limits=allowed, now=fleet.at)
            raise Killed
    assert await fleet.sql("SELECT FROM cut_count") == []
    assert await fleet.sql("SELECT FROM cut_wait") == []
    assert await fleet.held() == {}
    # The same batch again, as Kafka gives it: as if nothing had been.
    made = await fleet.admits(fleet.ids[:10], allowed)
    assert (len(made.admitted), len(await fleet.trips())) == ((0, 1) if trip == 3 else (10, 0))


async def test_whoever_a_change_may_concern_is_looked_at(fleet: Fleet) -> None:
    await fleet.sql("UPDATE account SET supply_state = 'pending' WHERE id = $1", fleet.ids[0])
    await fleet.sql("UPDATE account SET supply_state = 'disconnecting' WHERE id = $1", fleet.ids[1])
    await fleet.sql("UPDATE account SET supply_state = 'disconnected' WHERE id = $1", fleet.ids[2])
    await fleet.following()()
    assert await fleet.rechecked() == set()
    hold = await fleet.hold(CNY)
    await fleet.following()()
    assert await fleet.rechecked() == set(fleet.ids[:2])
    await fleet.sql("UPDATE account SET recheck_at = NULL")
    await fleet.following()()
    assert await fleet.rechecked() == set(), "once"
    await fleet.end(hold.id)
    await fleet.following()()
    assert await fleet.rechecked() == set(fleet.ids[:2])


async def test_a_tariff_typed_a_thousand_times_too_high_is_undone(fleet: Fleet) -> None:
    ago = fleet.at - timedelta(minutes=10)
    wrong = fleet.ids[::2]
    for each in wrong[:5]:
        await fleet.cut(each, ago)
    await fleet.cut(wrong[5], ago, "superseded")
    await fleet.cut(fleet.ids[1], ago)
    await fleet.cut(wrong[6], fleet.at - timedelta(minutes=61))
    await fleet.cut(wrong[7], fleet.at + MINUTE)
    undo = await fleet.draft(CNY)
    assert (undo.state, undo.accounts, undo.dark) == (UndoState.DRAFTED, 6, 5)
    assert await fleet.held() == {}
    with pytest.raises(NeedsSecondPerson, match="ann"):
        await fleet.release(undo, "ann")
    undo = await fleet.release(undo)
    assert await fleet.release(undo) == undo, "the same again"
    kept = ((Cause.KEPT_ON, None),)
    assert await fleet.held() == dict.fromkeys(wrong[:6], kept), "from the release on"
    await fleet.following()()
    assert await fleet.rechecked() == set(wrong[:6])
    assert await fleet.apologies() == sorted(wrong[:5]), "who was never dark is spared it"
    made = await fleet.admits(fleet.ids)
    assert made.held == dict.fromkeys(wrong[:6], kept)
    await fleet.following()()
    assert await fleet.apologies() == sorted(wrong[:5])
    await fleet.sql("UPDATE account SET recheck_at = NULL")
    async with fleet.unit() as unit:
        ended = await end_undo(unit=unit, undo_id=undo.id, decided=fleet.by("ann"))
    assert ended.state is UndoState.ENDING
    assert await fleet.held() == {}
    await fleet.following()()
    assert await fleet.rechecked() == set(wrong[:6])
    assert [dict(row) for row in await fleet.sql("SELECT state, upto FROM cut_undo")] == [
        {"state": "ended", "upto": max(wrong[:6])}
    ]
    kinds = [row["kind"] for row in await fleet.sql("SELECT kind FROM fact ORDER BY id DESC")][:2]
    assert [kind.split(".")[2] for kind in kinds] == ["cut-undo-ended", "cut-undo-released"]


async def test_what_cannot_be_undone_is_refused(fleet: Fleet) -> None:
    with pytest.raises(UndoRefused, match="no cut of line L1 was issued"):
        await fleet.draft(LINE)
    await fleet.cut(fleet.ids[0], fleet.at - MINUTE)
    undo = await fleet.draft(LINE)
    async with fleet.unit() as unit:
        with pytest.raises(UndoRefused, match="keeps nobody on"):
            await end_undo(unit=unit, undo_id=undo.id, decided=fleet.by("bob"))
        await withdraw_undo(unit=unit, undo_id=undo.id, decided=fleet.by("bob"))
    with pytest.raises(UndoRefused, match="was withdrawn"):
        await fleet.release(undo)
    undo = await fleet.release(await fleet.draft(LINE))
    async with fleet.unit() as unit:
        with pytest.raises(UndoRefused, match="end it when it is done"):
            await end_undo(unit=unit, undo_id=undo.id, decided=fleet.by("bob"))
        with pytest.raises(UndoRefused, match="cannot be withdrawn"):
            await withdraw_undo(unit=unit, undo_id=undo.id, decided=fleet.by("bob"))


@pytest.mark.parametrize("inside", [False, True])
async def test_killed_between_any_two_steps_of_an_undo_everybody_is_told_once(
    fleet: Fleet, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prepay_ledger.breakers.follow_holds._PER_TRANSACTION", 2)
    for each in fleet.ids[:9]:
        await fleet.cut(each, fleet.at - MINUTE)
    undo = await fleet.release(await fleet.draft(ALL))
    deaths, after = 0, 0
    while True:
        try:
            await fleet.following(Dying(fleet, after=after, inside=inside))()
        except Killed:
            deaths += 1
            after = deaths % 3
            continue
        break
    assert deaths >= 4
    assert await fleet.apologies() == sorted(fleet.ids[:9])
    assert await fleet.rechecked() >= set(fleet.ids[:9])
    async with fleet.unit() as unit:
        found = await unit.undos.lock(undo.id)
    assert found is not None
    assert found.state is UndoState.DONE
