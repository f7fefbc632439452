"""What a person may do with a correction run, and when."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from ledger_corrected import CODE, MINE, TIMES, Corrected, dearer, first_of, lived
from ledger_expected import document
from ledger_town import COUNT

from prepay_ledger.corrections.draft_run import withdraw_run
from prepay_ledger.corrections.refusals import CorrectionRefused
from prepay_ledger.corrections.values import RunState
from prepay_ledger.tariffs.refusals import TariffRefused
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Corrected]:
    made = Corrected(own_database_url)
    yield made
    await made.database.close()


async def test_much_harm_needs_a_second_person(town: Corrected) -> None:
    town.paid_micro = [400 * 10**6] * COUNT
    await lived(town)
    run = await town.draft(dearer(9))
    assert run.figures is not None
    assert run.figures.needs_second_person
    with pytest.raises(NeedsSecondPerson, match=r"4 of 4 .* somebody else than author"):
        await town.release(run, "author")
    assert await town.reached() == [0] * len(MINE)
    assert await town.release(run, "other") is None
    assert await town.release(run, "author") is None  # the same again changes nothing
    released = await town.run(run)
    assert released.released == town.by("other")
    (fact,) = await town.sql("SELECT * FROM fact WHERE kind LIKE '%tariff-corrected%'")
    assert (fact["subject"], fact["decided_by"]) == (str(run.id), "other")


async def test_who_harms_nobody_releases_alone(town: Corrected) -> None:
    await lived(town)
    assert await town.release(await town.draft(dearer()), "author") is None


async def test_a_preview_that_is_out_of_date_is_made_again(town: Corrected) -> None:
    """By time, by another version, and where somebody would fall below zero after all."""
    # An hour later must be the same day: on the next one all owe another day's standing charge.
    town.now = town.now.replace(hour=12)
    town.paid_micro = [10**9] * COUNT
    await lived(town)
    run = await town.draft(dearer())
    town.now += timedelta(minutes=61)
    assert "more than an hour ago" in str(await town.release(run))
    assert (await town.run(run)).state is RunState.PREVIEWING
    with pytest.raises(CorrectionRefused, match="worked out"):
        await town.release(run)
    await town.works()
    await town.publish(document(CODE, timezone="UTC", valid_from="2090-01-01"))
    assert "other versions" in str(await town.release(run))
    await town.works()
    async with town.unit() as unit:
        account_id = await first_of(town)
        await unit.journals.move({account_id: -(await town.balances())[account_id]})
    assert "0 of 4 accounts would have fallen below zero then, 1 would now" in str(
        await town.release(run)
    )
    await town.works()
    with pytest.raises(NeedsSecondPerson):
        await town.release(run, "author")
    assert await town.reached() == [0] * len(MINE)


async def test_one_run_of_a_tariff_at_a_time(town: Corrected) -> None:
    await lived(town)
    first, second = await town.draft(dearer()), await town.draft(dearer(2))
    assert await town.release(first) is None
    assert "other versions" in str(await town.release(second))
    await town.job()  # one portion: its preview
    second = await town.run(second)
    if (await town.run(first)).state is RunState.RELEASED:
        with pytest.raises(CorrectionRefused, match="being corrected by run"):
            await town.release(second)
    await town.works()
    assert await town.release(second) is None
    await town.works()
    assert await town.reached() == [2] * len(MINE)
    await town.holds()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (dearer(valid_from="2026-02-01"), "no version from 2026-02-01"),
        (document(CODE, timezone="UTC"), "nothing is corrected"),
        (dearer(time_of_use=TIMES), "other times of use"),
        (dearer(timezone="Europe/Berlin"), "another timezone: that needs a tariff"),
        (
            dearer(components=[{"kind": "capacity", "name": "k", "micro_per_kva_month": 1}]),
            "capacity_va",
        ),
    ],
)
async def test_what_cannot_be_corrected_so(
    town: Corrected, body: dict[str, Any], said: str
) -> None:
    await lived(town, 30)
    with pytest.raises((CorrectionRefused, TariffRefused), match=said):
        await town.draft(body)


async def test_a_draft_is_withdrawn(town: Corrected) -> None:
    await lived(town, 30)
    run = await town.draft(dearer())
    for _ in range(2):
        async with town.unit() as unit:
            withdrawn = await withdraw_run(unit=unit, run_id=run.id, decided=town.by("a"))
    assert withdrawn.withdrawn == town.by("a")
    with pytest.raises(CorrectionRefused, match="was withdrawn"):
        await town.release(run)
    done = await town.corrects(dearer())
    with pytest.raises(CorrectionRefused, match="cannot be withdrawn"):
        async with town.unit() as unit:
            await withdraw_run(unit=unit, run_id=done.id, decided=town.by("a"))
