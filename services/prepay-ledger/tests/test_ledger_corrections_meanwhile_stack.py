"""While a correction run is under way: readings, batches that read before it, days that begin, and
an agreement that cannot be charged."""

from datetime import timedelta
from typing import Any

import pytest
from ledger_corrected import CODE, DAYS, MINE, Corrected, dearer, first_of, lived, opened_town
from ledger_expected import STANDING, document
from ledger_town import REVIEW

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.corrections.values import RunState
from prewatt_common.db.database import ChangedMeanwhile
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading

pytestmark = pytest.mark.stack

town = pytest.fixture(opened_town)


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
    assert await town.queries.in_trouble() == 1
    await town.sql(change, odd["agreement_id"], odd["period_first"], odd["energy"])
    await town.works()
    await town.works()
    mended = await town.run(run)
    assert (mended.state, mended.trouble) == (RunState.DONE, None)
    assert await town.queries.in_trouble() == 0
    await town.holds()
