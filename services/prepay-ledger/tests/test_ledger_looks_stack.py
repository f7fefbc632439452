"""The daily look at meters, on PostgreSQL: what it finds, how long that stays, and what is left
where it dies."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from ledger_town import COUNT, REVIEW, Dying, Killed
from ledger_watched import DAY, HOUR_WH, Watched

from prepay_ledger.charging.postgres_queries import ChargingQueries
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import ReadingEdit
from prepay_ledger.looks import look_at_meters
from prepay_ledger.looks.look_at_meters import IDLE_S, LOOKS
from prewatt_common.ids import new_id
from prewatt_metering.vee.edit import EditKind

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Watched]:
    made = Watched(own_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


def looks(outcome: str) -> float:
    return LOOKS.labels(outcome)._value.get()


async def test_a_silence_is_found_and_ends_with_its_cause(town: Watched) -> None:
    await town.live()
    await town.look()
    assert await town.noticed() == []
    await town.live(silent=[0])
    await town.look()
    assert await town.noticed() == [("m0", "VEE-10", 23, 51)]
    await town.live(silent=[0])
    assert await town.looking()() is None
    assert await town.looking()() == IDLE_S  # once a day
    assert await town.noticed() == [("m0", "VEE-10", 23, 75)]

    queries = ChargingQueries(town.database)
    (unseen,) = await queries.unseen(after=None, limit=9, stops_cut=False, check=None)
    assert (unseen.meter_id, len(unseen.account_ids)) == ("m0", 1)
    assert (unseen.finding.before, unseen.finding.after) == (24 * 3600, 52 * 3600)
    assert await queries.unseen(after=None, limit=9, stops_cut=False, check="VEE-11") == []
    assert await queries.unseen(after=None, limit=9, stops_cut=True, check=None) == []
    assert await queries.count_by_check() == {"VEE-10": 1}

    # What was missing comes, days after its time: the energy is charged where it belongs.
    missing = [(d, h, (24 * d + h) * HOUR_WH) for d in (1, 2) for h in range(1, 24)]
    await town.came(0, *missing)
    assert await town.noticed() == [("m0", "VEE-10", 23, 75)]  # until the next look
    await town.live()
    await town.look()
    assert await town.noticed() == [("m0", "VEE-09", 25, 69)]

    # What is derived anew and what is looked at do not touch each other's findings.
    async with town.unit() as unit:
        edit = ReadingEdit(
            id=new_id(), meter_id="m0", read_at=town.at(2, 5), kind=EditKind.SET,
            register_wh=900_000, decided_by="test", reason="test", at=town.now,
        )  # fmt: skip
        await DecideMeter(review=REVIEW).edit(unit=unit, edit=edit, decided=town.decided())
    assert await town.noticed() == [("m0", "VEE-09", 25, 69), ("m0", "VEE-05", 53, 53)]
    await town.live()
    await town.look()
    assert await town.noticed() == [("m0", "VEE-09", 25, 69), ("m0", "VEE-05", 53, 53)]
    await town.holds()


async def test_most_meters_are_glanced_at_and_old_findings_go(town: Watched) -> None:
    for _ in range(30):
        await town.live(silent=[0] if town.days == 2 else ())
        await town.look()
    assert await town.noticed() == [("m0", "VEE-10", 47, 73)]
    before = {outcome: looks(outcome) for outcome in ("ordinary", "looked", "odd")}
    for _ in range(9):
        await town.live()
        await town.look()
    done = {outcome: looks(outcome) - count for outcome, count in before.items()}
    # Of m0 too, until its silence is told no longer.
    assert done == {"ordinary": 9 * COUNT - 1, "looked": 1, "odd": 0}
    assert await town.noticed() == []
    await town.holds()


@pytest.mark.parametrize("portions", [0, 1, 2, 3])
@pytest.mark.parametrize("inside", [False, True])
async def test_where_it_dies_it_goes_on(
    town: Watched, portions: int, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two portions or within one, before it is committed."""
    monkeypatch.setattr(look_at_meters, "METERS_AT_ONCE", 2)
    await town.live()
    await town.look()
    await town.live(silent=range(COUNT))
    with pytest.raises(Killed):
        await town.look(town.looking(Dying(town, after=portions, inside=inside)))
    assert len(await town.noticed()) == min(2 * portions, COUNT)
    await town.look()
    assert await town.noticed() == [(f"m{n}", "VEE-10", 23, 51) for n in range(COUNT)]
    (row,) = await town.sql("SELECT day, after, previous FROM meter_look")
    assert tuple(row) == (town.day, None, town.day - DAY)


async def test_an_odd_meter_keeps_nobody_from_being_looked_at(town: Watched) -> None:
    await town.live()
    await town.look()
    await town.live(silent=range(COUNT))
    await town.sql(
        "INSERT INTO reading_edit (id, meter_id, read_at, kind, decided_by, reason, at) "
        "VALUES (gen_random_uuid(), 'm1', now(), 'odd', 'a release', 'that is gone', now())"
    )
    await town.sql("UPDATE meter_state SET day = $1, today = 'no reading' WHERE meter_id = 'm4'",
                   town.day)  # fmt: skip
    await town.sql("INSERT INTO parked_meter VALUES ('m6', now(), 'e', 't/0/1')")
    odd = looks("odd")
    await town.look()
    assert [each[0] for each in await town.noticed()] == ["m0", "m2", "m3", "m5"]
    assert looks("odd") == odd + 2
    await town.sql("DELETE FROM reading_edit")
    await town.sql("DELETE FROM parked_meter")
    await town.sql("UPDATE meter_state SET today = '' WHERE meter_id = 'm4'")
    await town.live(silent=range(COUNT))
    await town.look()
    assert [each[0] for each in await town.noticed()] == [f"m{n}" for n in range(COUNT)]


async def test_another_replica_leaves_a_look_alone(town: Watched) -> None:
    await town.live()
    await town.look()
    await town.live()
    async with town.unit() as unit:
        assert await unit.looks.begin(town.day) == (town.day, "", town.day - DAY)
        assert await asyncio.wait_for(town.looking()(), 10) == IDLE_S
        assert await unit.looks.looked_at() == town.day - DAY
    await town.look()
    async with town.unit() as unit:
        assert await unit.looks.looked_at() == town.day
