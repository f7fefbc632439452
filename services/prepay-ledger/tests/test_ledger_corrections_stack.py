"""A correction run changes what its preview said, of each agreement once, whatever happens
meanwhile."""

import random
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from ledger_corrected import ANNUAL, CODE, DAYS, MINE, TIMES, Corrected, dearer, first_of, lived
from ledger_expected import ENERGY, STANDING, VAT, document
from ledger_town import COUNT, REVIEW

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.corrections.draft_run import draft_run
from prepay_ledger.corrections.values import RunState
from prewatt_common.db.database import ChangedMeanwhile
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.document import tariff_of

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Corrected]:
    made = Corrected(own_database_url)
    # Also for what is published before anybody moves in: a new database's day is the one of the
    # westernmost zone, which is yesterday in UTC until noon and today after it.
    await made.open(made.today - timedelta(days=1))
    yield made
    await made.database.close()


@pytest.mark.parametrize("seed", range(8))
async def test_what_a_run_changes_is_what_its_preview_said(town: Corrected, seed: int) -> None:
    """Whatever the tariff is like and whatever is wrong in it, where nothing else moves."""
    chance = random.Random(seed)
    kinds: list[dict[str, Any]] = [
        {},
        {"components": [ANNUAL, STANDING, VAT]},
        {"cycle": {"months": 2}},
        {
            "time_of_use": TIMES,
            "components": [
                {"kind": "energy", "name": "e", "micro_per_kwh": {"day": 300_007, "night": 11}},
                ENERGY,
            ],
        },
    ]
    town.tariff = kinds[seed % len(kinds)]
    town.paid_micro = [chance.randrange(40 * 10**6, 400 * 10**6) for _ in range(COUNT)]
    first = document(CODE, timezone="UTC", **town.tariff)
    middle = str(town.begin.date() + timedelta(days=chance.randrange(20, 60)))
    later = changed(first, chance) | {"valid_from": middle}
    if chance.random() < 0.8:
        await town.publish(later)
        wrong = chance.choice([first, later])
    else:
        wrong = first
    await lived(town, *sorted(chance.sample(range(2, DAYS * 24 - 30), 5)))
    if chance.random() < 0.5:
        # It is tomorrow since, and nobody has posted that day's standing charge.
        town.now += timedelta(days=1)
    run = await town.draft(changed(wrong, chance) | {"prorate": seed % 3 == 0})
    before = await town.balances()
    shown = await town.queries.accounts(run.id, newly_negative=False, after=None, limit=100)
    negative = await town.queries.accounts(run.id, newly_negative=True, after=None, limit=100)
    assert run.figures is not None
    assert run.figures.accounts == len(shown) == len(MINE)
    assert await town.release(run) is None
    await town.works()
    assert (await town.run(run)).state is RunState.DONE
    said = {each.account_id: each.new_charge_micro - each.charge_micro for each in shown}
    assert await town.differences(run) == {each: micro for each, micro in said.items() if micro}
    after = await town.balances()
    assert {each.account_id: after[each.account_id] for each in shown} == {
        each.account_id: each.new_balance_micro for each in shown
    }
    assert run.figures.difference_micro == sum(said.values())
    assert (run.figures.dearer, run.figures.cheaper) == (
        sum(micro > 0 for micro in said.values()),
        sum(micro < 0 for micro in said.values()),
    )
    newly = {each.account_id for each in shown if each.balance_micro >= 0 > after[each.account_id]}
    assert {each.account_id for each in negative} == newly
    assert run.figures.newly_negative == len(newly)
    assert {each for each in before if before[each] != after[each]} <= set(said)
    await town.holds()


def changed(body: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Some of its prices at random."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: chance.randrange(1, 2_000_000)
                if key in {"micro_per_kwh", "micro_per_day"} and isinstance(each, int)
                else other(each)
                for key, each in value.items()
            }
        return [other(each) for each in value] if isinstance(value, list) else value

    return body | {"components": other(body["components"])}


async def test_a_run_can_be_taken_back_by_another(town: Corrected) -> None:
    await lived(town)
    before = await town.charges()
    first = await town.corrects(dearer(1.5))
    assert await town.charges() != before
    second = await town.corrects(document(CODE, timezone="UTC"))
    assert await town.charges() == before
    back = {each: -micro for each, micro in (await town.differences(first)).items()}
    assert await town.differences(second) == back
    assert (first.correction, second.correction) == (1, 2)
    rows = await town.sql(
        "SELECT correction, published_by FROM tariff_version WHERE code = $1 ORDER BY 1", CODE
    )
    assert [tuple(row) for row in rows] == [(0, "test"), (1, "other"), (2, "other")]
    await town.holds()


async def test_a_sealed_day_stands(town: Corrected) -> None:
    yesterday = town.today - timedelta(days=1)
    await lived(town)
    await town.close_days()
    entries = await town.entries(yesterday)
    (seal,) = await town.sql("SELECT day, head FROM seal")
    run = await town.corrects(dearer())
    assert await town.entries(yesterday) == entries
    assert await town.sql("SELECT day, head FROM seal") == [seal]
    assert {source for _, source, _, _ in await town.entries(town.today)} == {run.source}
    await town.holds()


@pytest.mark.parametrize("transactions", range(1, 9))
async def test_killed_at_any_transaction_each_agreement_is_corrected_once(
    town: Corrected, transactions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a preview and of a run, before it commits what it has done."""
    monkeypatch.setattr("prepay_ledger.corrections.carry_out_runs.AGREEMENTS_AT_ONCE", 1)
    monkeypatch.setattr("prepay_ledger.corrections.preview_runs.PREVIEWED_AT_ONCE", 1)
    await lived(town)
    done = 0

    class Killed(BaseException):
        pass

    class Dying:
        def __init__(self) -> None:
            self._real = town.unit()

        async def __aenter__(self) -> Any:
            return await self._real.__aenter__()

        async def __aexit__(self, *raised: Any) -> Any:
            nonlocal done
            done += 1
            if done % transactions == 0:
                raised = (Killed, Killed(), None)
                await self._real.__aexit__(*raised)
                raise Killed
            await self._real.__aexit__(*raised)

    async def works_though_killed(state: RunState) -> int:
        nonlocal done
        killed = 0
        while (await town.run(run)).state is not state:
            job, done = town.working(Dying), 0
            try:
                while await job() is not None:
                    pass
            except Killed:
                killed += 1
                # What dies at every step gets nowhere: in between one lives longer.
                await town.job()
        return killed

    async with town.unit() as unit:
        run = await draft_run(unit=unit, version=tariff_of(dearer()), decided=town.by("author"))
    killed = await works_though_killed(RunState.PREVIEWED)
    run = await town.run(run)
    shown = await town.queries.accounts(run.id, newly_negative=False, after=None, limit=100)
    assert await town.release(run) is None
    killed += await works_though_killed(RunState.DONE)
    assert (await town.run(run)).state is RunState.DONE
    assert killed
    assert await town.differences(run) == {
        each.account_id: each.new_charge_micro - each.charge_micro for each in shown
    }
    assert len(shown) == len(MINE)
    told = await town.sql("SELECT count(*) AS n FROM outbox WHERE topic = 'ledger.facts.v1'")
    assert told[0]["n"]
    await town.holds()


async def test_readings_go_on_by_the_book_that_each_agreement_has_come_to(
    town: Corrected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half way through a run: a reading is charged by one book as a whole, entered with its day,
    and no part of the run's difference."""
    monkeypatch.setattr("prepay_ledger.corrections.carry_out_runs.AGREEMENTS_AT_ONCE", 1)
    last = DAYS * 24 - 40
    await lived(town)
    run = await town.draft(dearer())
    shown = await town.queries.accounts(run.id, newly_negative=False, after=None, limit=100)
    assert await town.release(run) is None
    for step in range(1, 4):
        await town.job()
        assert await town.reached() == [1] * step + [0] * (len(MINE) - step)
        await town.read(last + step)
        await town.holds()
    # A reading of a day long ago, of one that waits: it takes the slow path.
    await town.read(1_000, [MINE[-1]])
    await town.holds()
    await town.works()
    await town.holds()
    # Of the first one what its preview said: what it used since is no part of the difference.
    first = await first_of(town)
    said = {each.account_id: each.new_charge_micro - each.charge_micro for each in shown}
    assert (await town.differences(run))[first] == said[first]
    assert await town.reached() == [1] * len(MINE)
    # The same as where it had been right from the beginning.
    now = await town.charges()
    again = await town.corrects(document(CODE, timezone="UTC"))
    right = await town.corrects(dearer())
    assert await town.charges() == now
    assert (again.correction, right.correction) == (2, 3)


async def test_a_batch_that_read_before_is_refused(
    town: Corrected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would charge by the book before, behind the run's back."""
    await lived(town)
    run = await town.draft(dearer())
    assert await town.release(run) is None
    async with town.unit() as unit:
        tariffs = await unit.tariffs.book()
        meters = await unit.charging.meters(["m0"])
    await town.works()

    async def as_read_before(*_: Any) -> Any:
        return meters

    reading = Reading(us_of(town.begin + timedelta(hours=DAYS * 24 - 30)), 400_000)
    with pytest.raises(ChangedMeanwhile):
        async with town.unit() as unit:
            monkeypatch.setattr(unit.charging, "meters", as_read_before)
            await charge_readings(
                unit=unit,
                by_meter={"m0": [reading]},
                pricings=Pricings(tariffs),
                partition=0,
                now=town.now,
            )
    await town.holds()


async def test_tariffs_that_were_read_before_the_release_are_read_again(town: Corrected) -> None:
    await lived(town)
    run = await town.draft(dearer())
    async with town.unit() as unit:
        before = await unit.tariffs.book()
    assert await town.release(run) is None
    await town.works()
    with pytest.raises(ChangedMeanwhile, match="corrected since"):
        async with town.unit() as unit:
            await charge_readings(
                unit=unit,
                by_meter={"m0": [Reading(us_of(town.now), 400_000)]},
                pricings=Pricings(before),
                partition=0,
                now=town.now,
            )


async def test_what_time_alone_owes_is_no_difference(town: Corrected) -> None:
    """A day that begins before the run comes is charged as it was, and by the new price after."""
    await lived(town)
    run = await town.draft(dearer() | {"components": [STANDING | {"micro_per_day": 1}]})
    assert await town.release(run) is None
    town.now += timedelta(days=2)
    await town.works()
    days = DAYS + 3
    rows = await town.sql(
        "SELECT sum(posted_micro)::bigint AS micro, sum(standing_days) AS days FROM charge_state "
        "WHERE agreement_id IN (SELECT id FROM agreement WHERE tariff_code = $1) "
        "GROUP BY agreement_id",
        CODE,
    )
    assert {tuple(row) for row in rows} == {(days, days)}
    town.now += timedelta(days=1)
    sweep = SweepStanding(
        open_unit=town.unit, review=REVIEW, clock=lambda: town.now, committed=lambda: None
    )
    await sweep()
    await town.holds()


async def test_one_that_cannot_be_charged_keeps_nobody_else(
    town: Corrected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prepay_ledger.corrections.carry_out_runs.RETRY_AFTER_S", 0)
    await lived(town)
    run = await town.draft(dearer())
    assert await town.release(run) is None
    (odd,) = await town.sql(
        "SELECT agreement_id, period_first, energy FROM charge_state WHERE agreement_id = "
        "(SELECT id FROM agreement WHERE tariff_code = $1 ORDER BY id OFFSET 1 LIMIT 1) "
        "ORDER BY period_first LIMIT 1",
        CODE,
    )
    change = "UPDATE charge_state SET energy = $3 WHERE agreement_id = $1 AND period_first = $2"
    await town.sql(change, odd["agreement_id"], odd["period_first"], "[]")
    await town.works()
    assert await town.reached() == [1, 0, 1, 1]
    stuck = await town.run(run)
    assert stuck.state is RunState.RELEASED
    assert str(odd["agreement_id"]) in str(stuck.trouble)
    assert await town.queries.agreements_left(run.id) == 1
    await town.sql(change, odd["agreement_id"], odd["period_first"], odd["energy"])
    await town.works()
    await town.works()
    mended = await town.run(run)
    assert (mended.state, mended.trouble) == (RunState.DONE, None)
    await town.holds()
