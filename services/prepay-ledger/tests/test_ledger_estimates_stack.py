"""Silent meters are estimated, on PostgreSQL: bounded, apart, and gone with the next reading."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from ledger_silent import TERMS, Silent
from ledger_town import COUNT, REVIEW, Dying, Killed
from ledger_watched import DAY, HOUR_WH
from prometheus_client import REGISTRY

from prepay_ledger.charging.postgres_queries import ChargingQueries
from prepay_ledger.estimates import estimate_silent
from prepay_ledger.estimates.values import Terms
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import ReadingEdit
from prewatt_common.ids import new_id
from prewatt_metering.vee.edit import EditKind

pytestmark = pytest.mark.stack

DAY_WH = 24 * HOUR_WH


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Silent]:
    made = Silent(own_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


async def fall_silent(town: Silent, days: int = 3, *, silent: Any = (0,)) -> None:
    """Three days are measured; then nothing is heard of some."""
    for _ in range(3):
        await town.morning()
    await town.decide()
    for _ in range(days):
        await town.morning(silent=silent)


async def told(town: Silent) -> list[tuple[int, int, int]]:
    """What billing is told of estimates: version, Wh, micro-units."""
    rows = await town.sql("SELECT value FROM outbox WHERE topic = 'ledger.charges.v1' ORDER BY id")
    return [
        (each[4] & 0xFFFFFF, each[5], each[6])
        for row in rows
        for each in msgspec.json.decode(row["value"]).get("estimates", ())
    ]


async def nothing_is_left(town: Silent) -> None:
    """Entries of estimates sum to zero, and what stands apart is nothing."""
    assert await town.estimated() == {}
    for entries in (await town.estimate_entries()).values():
        assert sum(wh for _, wh, _ in entries) == 0
        assert sum(micro for _, _, micro in entries) == 0
    assert set((await town.apart()).values()) <= {0}
    await town.holds()


async def test_silence_estimate_reading_and_the_sum_is_zero(town: Silent) -> None:
    for _ in range(3):
        await town.morning()
    await town.decide()
    await town.morning(silent=[0])
    assert await town.estimated() == {}  # a day is borne, and an hour
    balances, charged = await town.balances(), await town.charged()
    await town.morning(silent=[0])
    # From 23:00 of the last day that was measured to midnight, two days and an hour later.
    first_wh = 2 * DAY_WH + HOUR_WH
    (wh, first_micro) = (await town.estimated())["town-0"]
    assert wh == first_wh
    assert first_micro > 0
    for _ in range(5):
        await town.morning(silent=[0])
    # Five days from the last reading on at most, and nothing is entered twice.
    whole = (await town.estimated())["town-0"]
    assert whole[0] == 5 * DAY_WH
    entries = (await town.estimate_entries())["town-0"]
    assert [wh for _, wh, _ in entries] == [first_wh, DAY_WH, DAY_WH, DAY_WH - HOUR_WH]
    assert len({source for source, _, _ in entries}) == 4
    assert sum(micro for _, _, micro in entries) == whole[1]
    assert await town.apart() == {"town-0": -whole[1]}
    # Apart: neither what it was charged nor what it is cut by knows of it.
    assert (await town.balances())["town-0"] == balances["town-0"]
    assert (await town.charged())["town-0"] == charged["town-0"]
    await town.holds()

    await town.came(0, (town.days, 1, (24 * town.days + 1) * HOUR_WH))
    *_, (source, back_wh, back_micro) = (await town.estimate_entries())["town-0"]
    assert (source, back_wh, back_micro) == ("readings", -whole[0], -whole[1])
    await nothing_is_left(town)
    assert (await town.charged())["town-0"][1] == (24 * town.days + 1) * HOUR_WH
    versions = await told(town)
    assert [each[0] for each in versions] == [1, 2, 3, 4, 5]
    assert versions[-1][1:] == (0, 0)
    # Its next reading is an ordinary one again.
    (row,) = await town.sql("SELECT is_estimated FROM meter_state WHERE meter_id = 'm0'")
    assert row["is_estimated"] is False
    await town.morning()
    await nothing_is_left(town)


async def test_an_estimate_found_short_asks_the_balance_for_the_last_weeks_alone(
    town: Silent,
) -> None:
    await fall_silent(town)
    await town.says()
    estimated = (await town.estimated())["town-0"]
    balance, charged = (await town.balances())["town-0"], (await town.charged())["town-0"]
    # Nothing was heard for two months more.
    town.now += 60 * DAY
    days_ago = (town.now - town.begin).days
    await town.came(0, (days_ago, 0, days_ago * 24 * HOUR_WH * 3))
    micro = (await town.charged())["town-0"][0] - charged[0]
    (row,) = await town.sql(
        "SELECT s.amount_micro FROM sub_balance AS s JOIN account AS a ON a.id = s.account_id "
        "WHERE a.number = 'town-0' AND s.sub_account = 'debt'"
    )
    owed = -row["amount_micro"]
    assert estimated[1] < owed < micro
    assert (await town.balances())["town-0"] == balance - (micro - owed)
    await nothing_is_left(town)


async def test_it_is_as_if_it_had_never_been(town: Silent, other_town: Silent) -> None:
    """A town that estimates and one that does not end in the same, to the micro-unit."""
    towns = (town, other_town)
    for number, each in enumerate(towns):
        for _ in range(3):
            await each.morning()
        if number == 0:
            await each.decide()
        for silent in ([0, 1, 2], [0, 1], [0, 1], [0], ()):
            await each.morning(silent=silent)
    assert len(await town.estimate_entries()) == 2
    assert await other_town.estimate_entries() == {}
    assert await town.balances() == await other_town.balances()
    assert await town.charged() == await other_town.charged()
    await nothing_is_left(town)


@pytest.fixture
async def other_town(another_database_url: str) -> AsyncGenerator[Silent]:
    made = Silent(another_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


async def test_a_late_reading_before_the_silence(town: Silent) -> None:
    """It is no end of the silence: what was estimated is taken back, for what is usual may be
    another now, and the next morning's run estimates again."""
    await fall_silent(town)
    before = await town.estimated()
    assert before["town-0"][0] == 3 * DAY_WH + HOUR_WH
    await town.came(0, (1, 12, (24 + 12) * HOUR_WH + 1))  # in conflict with what came
    await nothing_is_left(town)
    await town.morning(silent=[0])
    assert (await town.estimated())["town-0"][0] == 4 * DAY_WH + HOUR_WH
    await town.holds()


async def test_what_a_person_decides_takes_it_back(town: Silent) -> None:
    await fall_silent(town, silent=(0, 1, 2))
    assert len(await town.estimated()) == 3
    decide = DecideMeter(review=REVIEW)
    async with town.unit() as unit:
        await decide.move_out(
            unit=unit, meter_id="m0", at=town.at(4), register_wh=None, next_account_id=None,
            decided=town.decided(),
        )  # fmt: skip
        await decide.move_out(
            unit=unit, meter_id="m1", at=town.at(5), register_wh=5 * DAY_WH, next_account_id=None,
            decided=town.decided(),
        )  # fmt: skip
    async with town.unit() as unit:
        edit = ReadingEdit(
            id=new_id(), meter_id="m2", read_at=town.at(2, 22), kind=EditKind.REMOVE,
            register_wh=None, decided_by="test", reason="test", at=town.now,
        )  # fmt: skip
        await decide.edit(unit=unit, edit=edit, decided=town.decided())
    await nothing_is_left(town)
    sources = {each[-1][0] for each in (await town.estimate_entries()).values()}
    assert sources == {"meter/m0", "meter/m1", "meter/m2"}
    # Nobody is estimated where the meter serves nobody any more; the one that was edited is silent.
    await town.morning(silent=(0, 1, 2))
    assert list(await town.estimated()) == ["town-2"]
    await town.holds()


async def test_the_utility_decides_otherwise(town: Silent) -> None:
    await fall_silent(town, 5)
    assert (await town.estimated())["town-0"][0] == 5 * DAY_WH
    await town.decide(Terms(after_days=2, longest_days=3))
    await town.estimate()  # on the same day: the policy is another
    assert (await town.estimated())["town-0"][0] == 3 * DAY_WH
    await town.decide(Terms(after_days=6, longest_days=9))
    await town.estimate()
    await nothing_is_left(town)
    await town.decide(TERMS)
    await town.estimate()
    assert (await town.estimated())["town-0"][0] == 5 * DAY_WH
    await town.decide(None)
    await town.decide(None)
    await town.estimate()
    await nothing_is_left(town)
    facts = await town.sql("SELECT body FROM fact WHERE subject = 'estimates' ORDER BY id")
    revisions = [msgspec.json.decode(row["body"])["revision"] for row in facts]
    assert revisions == [1, 2, 3, 4, 5]


async def test_whose_relay_is_open_uses_nothing(town: Silent) -> None:
    for _ in range(3):
        await town.morning()
    await town.decide()
    account_id = (await town.sql("SELECT id FROM account WHERE number = 'town-0'"))[0]["id"]
    await cut(town, account_id, "m0")
    for _ in range(3):
        await town.morning(silent=[0, 1])
    assert (await town.estimated())["town-0"][0] == 2 * HOUR_WH  # until 1:00 of the fourth day
    assert (await town.estimated())["town-1"][0] == 3 * DAY_WH + HOUR_WH
    await town.holds()


async def cut(town: Silent, account_id: UUID, meter_id: str) -> None:
    """The relay was read back open at one in the morning."""
    at, decision = town.at(town.days, 1), new_id()
    await town.sql(
        "INSERT INTO decision (id, account_id, state, action, fired, held, inputs, at) "
        "VALUES ($1, $2, 'disconnecting', 'disconnect', '{}', '{}', '{}', $3)",
        decision, account_id, at,
    )  # fmt: skip
    await town.sql(
        "INSERT INTO command (id, decision_id, account_id, meter_id, action, sequence, status, "
        "status_rank, caused_at, issued_at, expires_at, finished_at, relay) "
        "VALUES ($1, $2, $3, $4, 'disconnect', 1, 'succeeded', 3, $5, $5, $6, $5, 'open')",
        new_id(), decision, account_id, meter_id, at, at + DAY,
    )  # fmt: skip


async def test_people_see_it_apart(town: Silent) -> None:
    await fall_silent(town, silent=[0])
    queries = ChargingQueries(town.database)
    account_id = (await town.sql("SELECT id FROM account WHERE number = 'town-0'"))[0]["id"]
    periods = await queries.periods(account_id, before=None, limit=9)
    shown = [each.estimate for each in periods if each.estimate is not None]
    assert sum(each.energy_wh for each in shown) == 3 * DAY_WH + HOUR_WH
    for each in shown:
        assert each.since == {"m0": town.at(2, 23)}
        assert each.until == town.at(6)


@pytest.mark.parametrize("portions", [0, 1, 2, 3])
@pytest.mark.parametrize("inside", [False, True])
async def test_where_it_dies_it_goes_on(
    town: Silent, portions: int, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two portions or within one, before it is committed: each is estimated once."""
    monkeypatch.setattr(estimate_silent, "ACCOUNTS_AT_ONCE", 2)
    for _ in range(3):
        await town.morning()
    await town.decide()
    await town.estimate()
    for _ in range(2):
        await town.live(silent=range(COUNT))
    with pytest.raises(Killed):
        await town.estimate(town.estimating(Dying(town, after=portions, inside=inside)))
    assert len(await town.estimated()) == min(2 * portions, COUNT)
    await town.estimate()
    assert len(await town.estimated()) == COUNT
    assert {len(each) for each in (await town.estimate_entries()).values()} == {1}
    await town.holds()


async def test_a_run_that_its_day_is_too_short_for_comes_to_everybody_and_is_seen(
    town: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate_silent, "ACCOUNTS_AT_ONCE", 2)
    for _ in range(3):
        await town.morning()
    await town.decide()
    await town.estimate()
    await town.live(silent=range(COUNT))
    for day in range(2, 6):
        await town.live(silent=range(COUNT))
        await town.estimating()()
        assert len(await town.estimated()) == min(2 * (day - 1), COUNT)
        assert REGISTRY.get_sample_value("prewatt_ledger_estimate_days_behind") == day
    await town.estimate()
    assert REGISTRY.get_sample_value("prewatt_ledger_estimate_days_behind") == 0
    await town.holds()


async def test_an_odd_meter_keeps_nobody_from_being_estimated(town: Silent) -> None:
    for _ in range(3):
        await town.morning()
    await town.decide()
    for _ in range(2):
        await town.live(silent=range(COUNT))
    await town.sql(
        "INSERT INTO reading_edit (id, meter_id, read_at, kind, decided_by, reason, at) "
        "VALUES (gen_random_uuid(), 'm1', now(), 'odd', 'a release', 'that is gone', now())"
    )
    await town.sql("INSERT INTO parked_meter VALUES ('m6', now(), 'e', 't/0/1')")
    await town.estimate()
    assert sorted(await town.estimated()) == [f"town-{n}" for n in (0, 2, 3, 4, 5)]
