"""A posting day's charges become one entry a period once the day is over, whatever happens
meanwhile; what people decide is an entry of its own."""

from collections.abc import AsyncGenerator
from datetime import date, timedelta

import asyncpg
import pytest
from ledger_expected import STANDING
from ledger_town import COUNT, REVIEW, Town

from prepay_ledger.charging.enter_charges import EnterCharges
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import ReadingEdit
from prewatt_common.clock import utc_now
from prewatt_common.ids import new_id
from prewatt_common.workers import NotRunning
from prewatt_metering.vee.edit import EditKind

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Town]:
    made = Town(own_database_url)
    await made.settle(made.today - timedelta(days=1))
    yield made
    await made.database.close()


async def test_a_day_of_many_readings_is_one_entry_a_period(town: Town) -> None:
    yesterday = town.today - timedelta(days=1)
    for hour in range(1, 30):
        await town.read(hour)
    assert await town.entries(yesterday) == []
    charged = await town.charged()
    await town.holds()
    await town.close_days()
    periods = len(await town.sql("SELECT DISTINCT period_first FROM charge_state"))
    entries = await town.entries(yesterday)
    assert len(entries) == COUNT * periods
    assert {source for _, source, _, _ in entries} == {f"day/{yesterday}"}
    for number, (micro, wh) in charged.items():
        mine = [(-m, w) for n, _, m, w in entries if n == number]
        assert (sum(m for m, _ in mine), sum(w for _, w in mine)) == (micro, wh)
    (standing,) = await town.sql("SELECT day, unsealed FROM posting_day")
    assert tuple(standing) == (town.today, None)
    await town.holds()
    # A day on which nothing is charged enters nothing.
    assert await town.entries(town.today) == []


async def test_energy_that_costs_nothing_is_in_the_day_on_which_it_came(
    own_database_url: str,
) -> None:
    """Within a free block, for instance: an entry of no money."""
    town = Town(own_database_url)
    town.tariff = {"components": [STANDING]}
    await town.settle(town.today - timedelta(days=1))
    await town.turn(town.today)
    await town.close_days()
    await town.read(1)
    tomorrow = town.today + timedelta(days=1)
    await town.turn(tomorrow)
    await town.read(2, range(3))
    for fold in town.folds:
        assert await fold(town.today)
    assert sorted(await town.entries(town.today)) == [
        (f"town-{n}", f"day/{town.today}", 0, 100 + n) for n in range(COUNT)
    ]
    now = await town.charged()
    assert {n: wh for n, (_, wh) in now.items() if wh > 150} == {
        f"town-{n}": 200 + 2 * n for n in range(3)
    }
    await town.database.close()


async def test_what_is_charged_before_the_day_is_entered_is_the_next_days(town: Town) -> None:
    yesterday = town.today - timedelta(days=1)
    for hour in range(1, 12):
        await town.read(hour)
    left = await town.charged()
    await town.turn(town.today)
    await town.read(12, range(3))  # these go over to the new day before anything is entered
    await town.read(13, range(2))
    await town.holds()
    async with town.unit() as unit:
        assert not await unit.charging.is_entered(yesterday)
    await town.close_days()
    entries = await town.entries(yesterday)
    assert {n: -m for n, _, m, _ in entries} == {n: micro for n, (micro, _) in left.items()}
    assert await town.entries(town.today) == []
    await town.holds()
    now = await town.charged()
    await town.read(13, [2, 3])
    (open_rows,) = await town.sql(
        "SELECT count(*) FILTER (WHERE posted <> entered) AS open, count(turned) AS turned "
        "FROM charge_state"
    )
    assert tuple(open_rows) == (4, 0)
    assert now != await town.charged()
    await town.holds()


async def _edit(
    town: Town, number: int, kind: EditKind, register_wh: int | None, *, hour: int = 5
) -> None:
    """A person decides about the meter's reading of that hour."""
    async with town.unit() as unit:
        edit = ReadingEdit(
            id=new_id(),
            meter_id=f"m{number}",
            read_at=town.begin + timedelta(hours=hour),
            kind=kind,
            register_wh=register_wh,
            decided_by="test",
            reason="test",
            at=town.now,
        )
        await DecideMeter(review=REVIEW).edit(unit=unit, edit=edit, decided=town.decided())


async def test_a_correction_before_a_first_day_is_entered_may_take_back_more_than_is(
    town: Town,
) -> None:
    """What was entered of a period is below zero then, until the day that was left is too."""
    yesterday = town.today - timedelta(days=1)
    for hour in range(1, 6):
        await town.read(hour)
    left = await town.charged()
    await town.turn(town.today)
    for number, (kind, register_wh) in enumerate(((EditKind.SET, 430), (EditKind.REMOVE, None))):
        await _edit(town, number, kind, register_wh)
    (entered,) = await town.sql("SELECT min(entered_wh) AS wh FROM charge_state")
    assert entered["wh"] < 0
    await town.holds()
    await town.close_days()
    entries = await town.entries(yesterday)
    assert {n: -m for n, _, m, _ in entries} == {n: micro for n, (micro, _) in left.items()}
    (entered,) = await town.sql("SELECT min(entered_wh) AS wh FROM charge_state")
    assert entered["wh"] >= 0
    await town.holds()


@pytest.mark.parametrize("portions", [1, 2, 3])
async def test_stopped_half_way_the_rest_is_entered_later(
    town: Town, portions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every portion is a transaction of its own, and the day is not sealed before all is in."""
    monkeypatch.setattr("prepay_ledger.charging.enter_charges.PERIODS_AT_ONCE", 2)
    yesterday = town.today - timedelta(days=1)
    for hour in range(1, 12):
        await town.read(hour)
    left = await town.charged()
    await town.turn(town.today)
    done = 0

    class Killed(BaseException):
        pass

    def dying():
        nonlocal done
        done += 1
        if done > portions:
            raise Killed
        return town.unit()

    with pytest.raises(Killed):
        await EnterCharges(open_unit=dying, clock=utc_now)(yesterday)
    assert len(await town.entries(yesterday)) == 2 * portions
    await town.read(12)  # of entered ones and of others
    await town.holds()
    await town.close_days()
    entries = await town.entries(yesterday)
    assert sorted((n, -m) for n, _, m, _ in entries) == sorted(
        (n, micro) for n, (micro, _) in left.items()
    )
    await town.holds()


async def test_a_day_is_not_sealed_before_it_is_entered(town: Town) -> None:
    await town.read(5)
    await town.turn(town.today)
    town.folds, real = [_not_yet], town.folds
    await town.closing(utc_now)()
    assert await town.sql("SELECT day FROM seal") == []
    town.folds = real
    await town.closing(utc_now)()
    assert len(await town.sql("SELECT day FROM seal")) == 1


async def test_who_finds_that_another_replica_has_sealed_the_day_is_at_peace(town: Town) -> None:
    """It said for a day and more that the day is not sealed, and nobody could see why."""
    await town.read(5)
    await town.turn(town.today)
    town.folds, real = [_not_yet], town.folds
    one = town.closing(utc_now)
    await one()
    with pytest.raises(NotRunning, match="is not all rows yet"):
        await one.check()
    town.folds = real
    await town.closing(utc_now)()
    await one()
    assert await one.check() == "days are sealed"


async def _not_yet(_: date) -> bool:
    """As where another replica is at it."""
    return False


@pytest.mark.parametrize("before_it_is_entered", [False, True])
async def test_a_decision_is_an_entry_of_its_own(town: Town, before_it_is_entered: bool) -> None:
    """Also on a day of whose yesterday nothing is entered yet."""
    for hour in range(1, 12):
        await town.read(hour)
    left = await town.charged()
    yesterday = town.today - timedelta(days=1)
    await town.turn(town.today)
    if not before_it_is_entered:
        await town.close_days()
    await town.read(12, [0])
    read = await town.charged()
    await _edit(town, 0, EditKind.SET, 2_000, hour=12)
    decided = await town.charged()
    assert await town.entries(town.today) == [
        ("town-0", f"day/{town.today}", left["town-0"][0] - read["town-0"][0], 100),
        ("town-0", "meter/m0", read["town-0"][0] - decided["town-0"][0], 800),
    ]
    await town.holds()
    await town.close_days()
    entries = await town.entries(yesterday)
    assert {n: -m for n, _, m, _ in entries} == {n: micro for n, (micro, _) in left.items()}
    await town.holds()
    (open_rows,) = await town.sql("SELECT count(*) AS n FROM charge_state WHERE posted <> entered")
    assert open_rows["n"] == 0


@pytest.mark.parametrize(
    ("currency", "entries", "entry_micro", "posting_micro"),
    [
        ("CNY", 1, -5, 6),
        ("CNY", 2, -5, 5),
        ("CNY", 1, -4, 4),  # its entries are said to come to -5
        ("EUR", 1, -5, 5),  # the account is in CNY
    ],
)
async def test_a_journal_that_does_not_hold_together_is_refused_by_the_database(
    town: Town, currency: str, entries: int, entry_micro: int, posting_micro: int
) -> None:
    write = (
        "WITH j AS (INSERT INTO journal "
        "(kind, source, currency, entries, entries_micro, postings, posted_at) "
        "VALUES ('test', 'x', $1, $2, -5, 1, now()) RETURNING id), "
        "e AS (INSERT INTO entry (journal_id, number, account_id, amount_micro) "
        "SELECT j.id, 0, a.id, $3 FROM j, account AS a WHERE a.number = 'town-0') "
        "INSERT INTO posting SELECT id, 'tax', $4 FROM j"
    )
    with pytest.raises(asyncpg.RaiseError, match="does not hold together"):
        await town.sql(write, currency, entries, entry_micro, posting_micro)
    await town.sql(write, "CNY", 1, -5, 5)


async def test_a_journal_that_was_committed_takes_no_more_rows(town: Town) -> None:
    """Not even some that come to nothing."""
    (journal,) = await town.sql(
        "WITH j AS (INSERT INTO journal "
        "(kind, source, currency, entries, entries_micro, postings, posted_at) "
        "VALUES ('test', 'x', 'CNY', 1, -5, 1, now()) RETURNING id), "
        "e AS (INSERT INTO entry (journal_id, number, account_id, amount_micro) "
        "SELECT j.id, 0, a.id, -5 FROM j, account AS a WHERE a.number = 'town-0') "
        "INSERT INTO posting SELECT id, 'tax', 5 FROM j RETURNING journal_id AS id"
    )
    for more in (
        "INSERT INTO entry (journal_id, number, account_id, amount_micro) "
        "SELECT $1, 1 + n, id, CASE n WHEN 0 THEN 7 ELSE -7 END "
        "FROM account, generate_series(0, 1) AS n WHERE number = 'town-0'",
        "INSERT INTO entry (journal_id, number, account_id, amount_micro) "
        "SELECT $1, -1, id, 0 FROM account WHERE number = 'town-0'",
        "INSERT INTO posting VALUES ($1, 'revenue:energy', 7), ($1, 'discounts', -7)",
    ):
        with pytest.raises(asyncpg.RaiseError, match="more rows of"):
            await town.sql(more, journal["id"])


async def test_nobody_else_writes_to_a_day_that_is_over(town: Town) -> None:
    await town.turn(town.today)
    yesterday = town.today - timedelta(days=1)
    for kind, day in (("top-up", yesterday), ("charge", yesterday - timedelta(days=1))):
        with pytest.raises(asyncpg.RaiseError, match="is open"):
            await town.sql(
                "INSERT INTO journal "
                "(kind, source, currency, entries, entries_micro, postings, posted_at, day) "
                "VALUES ($1, 'x', 'CNY', 0, 0, 0, now(), $2)",
                kind,
                day,
            )
