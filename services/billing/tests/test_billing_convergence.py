"""On the real PostgreSQL and Kafka: whatever the order things come in, the same comparisons."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.marks.postgres import PostgresMarks
from billing.marks.values import Moved
from billing.reconciliation.compare import PATIENCE
from billing.reconciliation.postgres_due import open_due
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_facts_v1 import EditKind
from prewatt_common.db.database import driver
from prewatt_common.metrics import DEAD_LETTERS

pytestmark = pytest.mark.stack

ZONE = ZoneInfo("Asia/Shanghai")


def today() -> Any:
    return datetime.now(ZONE).date()


def feeds_of(home: Any, reads: Sequence[tuple[float, int]]) -> dict[str, list[Any]]:
    """What comes on each topic of a household of forty days."""
    readings = home.readings(reads)
    return {
        "facts": home.facts,
        "accounts": [home.account],
        "readings": readings,
        "charges": [
            home.posted(readings[:50], today=today(), version=1),
            home.posted(readings, today=today(), version=2),
        ],
    }


@pytest.fixture
def home(homes) -> Any:
    """Whose agreement began forty days ago."""
    return homes(first_day=today() - timedelta(days=40))


async def agrees(billing, *ones: Any) -> bool:
    await billing.compare()
    found = await billing.kinds(*(each.agreement_id for each in ones))
    return all(each and set(each.values()) == {"agrees"} for each in found.values())


async def test_topics_in_any_order_end_in_agreement(billing, homes, reads) -> None:
    orders = list(itertools.permutations(("facts", "readings", "charges")))
    ones = [homes(first_day=today() - timedelta(days=40)) for _ in orders]
    for number, (one, order) in enumerate(zip(ones, orders, strict=True)):
        feeds = feeds_of(one, reads(number))
        for name in order:
            await billing.publish(feeds[name])
    async with billing.consuming("facts", "accounts", "readings", "charges"):
        await billing.until(lambda: agrees(billing, *ones))


@pytest.mark.parametrize("order", list(itertools.permutations(("facts", "readings", "charges"))))
async def test_a_topic_long_before_the_others(billing, home, reads, order: Sequence[str]) -> None:
    """One is taken and compared before the next begins."""
    feeds = feeds_of(home, reads(7))
    for name in order:
        await billing.take(*feeds[name])
        await billing.compare()
    assert await agrees(billing, home)


async def test_a_difference_is_named_and_goes(billing, home, reads) -> None:
    feeds = feeds_of(home, reads(3))
    await billing.take(*feeds["facts"], *feeds["readings"], *feeds["charges"])
    assert await agrees(billing, home)
    right = feeds["charges"][-1]
    wrong = [
        msgspec.structs.replace(each, total_micro=each.total_micro + 1, version=5)
        for each in right.charges
    ]
    await billing.take(msgspec.structs.replace(right, charges=tuple(wrong[:1])))
    await billing.compare()
    kinds = list((await billing.kinds(home.agreement_id))[home.agreement_id].values())
    assert kinds == ["differs"] + ["agrees"] * (len(kinds) - 1)
    again = [msgspec.structs.replace(each, version=6) for each in right.charges]
    await billing.take(msgspec.structs.replace(right, charges=tuple(again)))
    assert await agrees(billing, home)


def _changes(home: Any, readings: Sequence[Any]) -> dict[str, Any]:
    """One of everything that can move, each of which changes what the household owes."""
    last = max(readings, key=lambda each: each.read_at)
    posted = home.posted(readings, today=today(), version=9)
    return {
        "reading": home.readings([(26.0 * 24, last.import_wh + 5_000)])[0],
        "edit": home.edit(last.read_at, EditKind.REMOVE),
        "meter": home.registered(revision=2, max_w=1),
        "installation": home.installation(revision=2, multiplier=2),
        "agreement": home.agreement(revision=2, end_day=home.first_day + timedelta(days=5)),
        "tariff": home.cheaper(home.first_day + timedelta(days=3)),
        "charge": msgspec.structs.replace(
            posted,
            charges=tuple(
                msgspec.structs.replace(each, total_micro=each.total_micro + 1)
                for each in posted.charges
            ),
        ),
    }


@pytest.mark.parametrize(
    "what", ["reading", "edit", "meter", "installation", "agreement", "tariff", "charge"]
)
async def test_whatever_moves_is_compared_again(billing, home, reads, what: str) -> None:
    feeds = feeds_of(home, reads(3))
    await billing.take(*feeds["facts"], *feeds["readings"], *feeds["charges"])
    assert await agrees(billing, home)
    await billing.rows("DELETE FROM due")  # so that no time makes it due
    await billing.take(_changes(home, feeds["readings"])[what])
    assert not await agrees(billing, home)


async def test_in_flight_is_looked_at_again_by_itself(billing, home, reads) -> None:
    feeds = feeds_of(home, reads(3))
    readings = feeds["readings"]
    await billing.take(*feeds["facts"], *readings)
    settle = timedelta(seconds=30)
    await billing.compare(settle=settle)
    found = (await billing.kinds(home.agreement_id))[home.agreement_id]
    assert set(found.values()) == {"in_flight"}
    later = utc_now() + timedelta(seconds=31)
    await billing.compare(settle=settle, now=later)
    found = (await billing.kinds(home.agreement_id))[home.agreement_id]
    assert set(found.values()) == {"missing_in_ledger"}


async def test_the_days_that_are_due_are_looked_at_though_nothing_moves(
    billing, home, reads
) -> None:
    """The ledger stops its sweep: the day after is missed by the end of its sixth hour."""
    feeds = feeds_of(home, reads(3))
    await billing.take(*feeds["facts"], *feeds["readings"], *feeds["charges"])
    assert await agrees(billing, home)
    (due,) = await billing.rows("SELECT due_at FROM due")
    assert due["due_at"] > utc_now()
    await billing.compare(now=due["due_at"] + timedelta(days=1))
    found = (await billing.kinds(home.agreement_id))[home.agreement_id]
    assert found.popitem()[1] in ("differs", "missing_in_ledger")


async def test_what_moves_while_it_is_compared_is_compared_again(billing, home, reads) -> None:
    feeds = feeds_of(home, reads(3))
    await billing.take(*feeds["facts"], *feeds["readings"])
    async with open_due(billing.database) as work:
        assert await work.spread(now=utc_now(), limit=100) > 0
    async with open_due(billing.database) as held:
        assert await held.take_due(now=utc_now(), limit=10) == [home.agreement_id]
        async with open_due(billing.database) as another:
            assert await another.take_due(now=utc_now(), limit=10) == []
        await billing.take(*feeds["charges"])
    assert await agrees(billing, home)


async def test_a_mark_that_is_being_made_is_not_taken_away(billing, home) -> None:
    """Else it would be gone before what it stands for is there."""
    await billing.take(home.installation())
    async with billing.database.transaction() as connection:
        await PostgresMarks(await driver(connection)).mark(Moved(meters=[home.meter_id]))
        async with open_due(billing.database) as work:
            assert await work.spread(now=utc_now(), limit=100) == 1  # the account's alone
    (row,) = await billing.rows("SELECT things, meters FROM moved")
    assert tuple(row) == (1, [home.meter_id])


async def test_a_move_out_that_is_told_late(billing, home, homes, reads) -> None:
    """The meter goes to another account; billing hears of it after its later readings."""
    moved_day = home.first_day + timedelta(days=10)
    other = homes(first_day=moved_day, opening_wh=30_000)
    other.meter_id = home.meter_id
    at = other.begins_at
    readings = home.readings(reads(3))
    await billing.take(*home.facts, *readings, home.posted(readings, today=today()))
    assert await agrees(billing, home)
    ends = {"ends_at": at, "closing_wh": 30_000}
    posted = home.posted(readings, today=today(), version=2, end_day=moved_day, **ends)
    kept = {each.period_first for each in posted.charges}
    taken_back = [
        msgspec.structs.replace(each, version=2, standing_days=0, energy_wh=0, total_micro=0)
        for each in home.posted(readings, today=today()).charges
        if each.period_first not in kept
    ]
    await billing.take(
        home.installation(revision=2, **ends),
        home.agreement(revision=2, end_day=moved_day),
        other.tariff,
        other.agreement(),
        other.installation(),
        msgspec.structs.replace(posted, charges=(*posted.charges, *taken_back)),
        other.posted([each for each in readings if each.read_at > at], today=today()),
    )
    assert await agrees(billing, home, other)
    sums = "SELECT coalesce(sum(our_energy_wh), 0)::bigint FROM comparison WHERE agreement_id = $1"
    assert (await billing.rows(sums, home.agreement_id))[0][0] == 29_000
    assert (await billing.rows(sums, other.agreement_id))[0][0] > 1_000
    # It never was there at all: nothing is left of its use, and an older word changes nothing.
    await billing.take(home.installation(revision=3, removed=True), home.installation())
    await billing.compare()
    assert (await billing.rows(sums, home.agreement_id))[0][0] == 0


async def test_facts_that_cannot_be_are_dead_letters_and_stop_nothing_else(billing, home) -> None:
    bad = [
        msgspec.structs.replace(home.tariff, document="{}"),
        msgspec.structs.replace(home.installation(), multiplier=0),
    ]
    await billing.publish([*bad, *home.facts])

    def dead() -> float:
        return sum(
            sample.value
            for metric in DEAD_LETTERS.collect()
            for sample in metric.samples
            if sample.labels.get("topic") == "ledger.facts.v1"
            and sample.labels.get("reason") in ("unusable-tariff", "unusable-fact")
            and sample.name.endswith("_total")
        )

    before = dead()
    async with billing.consuming("facts"):

        async def known() -> bool:
            rows = await billing.rows(
                "SELECT FROM agreement AS a JOIN tariff_version AS t ON t.code = a.tariff_code "
                "JOIN installation AS i USING (account_id) WHERE a.id = $1",
                home.agreement_id,
            )
            return len(rows) == 1 and dead() - before >= len(bad)

        await billing.until(known)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data(), seed=st.integers(0, 1_000))
async def test_any_interleaving_gives_the_same(
    billing, homes, reads, data: st.DataObject, seed: int
) -> None:
    """Facts with their revisions, readings and charges one by one, compared at any time between."""
    first_day = today() - timedelta(days=40)
    at = utc_now() + timedelta(hours=1)

    async def outcome(order: Sequence[int], looks: set[int]) -> list[Any]:
        one = homes(first_day=first_day)
        readings = one.readings(reads(seed)[:8])
        edit = one.edit(readings[3].read_at, EditKind.REMOVE)
        events = [
            *one.facts,
            one.agreement(revision=2, end_day=first_day + timedelta(days=30)),
            one.installation(revision=2, multiplier=2),
            one.registered(revision=2, max_w=20_000),
            edit,
            one.posted(readings[:4], today=today(), version=1),
            one.posted(readings, today=today(), version=2),
            *readings,
        ]
        for number, place in enumerate(order):
            await billing.take(events[place])
            if number in looks:
                await billing.compare()
        # By the marks alone, without what is looked at again by itself.
        await billing.rows("DELETE FROM due")
        await billing.compare(now=at)
        by_marks = await sides(one)
        # What is not equal has had its time then.
        await billing.take(one.posted([], today=today(), version=0))
        await billing.compare(now=at + PATIENCE)
        kinds = (await billing.kinds(one.agreement_id))[one.agreement_id]
        assert await sides(one) == by_marks
        return [*by_marks, kinds]

    async def sides(one: Any) -> list[Any]:
        rows = await billing.rows(
            "SELECT period_first, our_total_micro, our_energy_wh, our_standing_days, "
            "their_total_micro, their_energy_wh FROM comparison WHERE agreement_id = $1 "
            "ORDER BY period_first",
            one.agreement_id,
        )
        return [tuple(row) for row in rows]

    count = 18
    order = data.draw(st.permutations(range(count)))
    repeats = data.draw(st.lists(st.sampled_from(range(count)), max_size=3))
    looks = data.draw(st.sets(st.integers(0, count - 1), max_size=3))
    assert await outcome([*order, *repeats], looks) == await outcome(range(count), set())
