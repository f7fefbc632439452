"""A correction run changes what its preview said, of each agreement once."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from ledger_corrected import (
    ANNUAL,
    CODE,
    DAYS,
    MINE,
    TIMES,
    Corrected,
    dearer,
    first_of,
    lived,
    opened_town,
)
from ledger_expected import ENERGY, STANDING, VAT, document
from ledger_town import COUNT

from prepay_ledger.corrections.draft_run import draft_run
from prepay_ledger.corrections.values import RunState
from prewatt_metering.tariffs.document import tariff_of

pytestmark = pytest.mark.stack

town = pytest.fixture(opened_town)


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
    before = await town.left()
    shown = await town.queries.accounts(run.id, newly_negative=False, after=None, limit=100)
    negative = await town.queries.accounts(run.id, newly_negative=True, after=None, limit=100)
    assert run.figures is not None
    assert run.figures.accounts == len(shown) == len(MINE)
    assert await town.release(run) is None
    await town.works()
    assert (await town.run(run)).state is RunState.DONE
    said = {each.account_id: each.new_charge_micro - each.charge_micro for each in shown}
    assert await town.differences(run) == {each: micro for each, micro in said.items() if micro}
    after = await town.left()
    assert {each.account_id: after[each.account_id] for each in shown} == {
        each.account_id: each.new_balance_micro for each in shown
    }
    assert run.figures.difference_micro == sum(said.values())
    assert run.figures.apart_micro == sum(each.apart_micro for each in shown)
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


async def test_a_preview_takes_all_agreements_of_an_account_at_once(town: Corrected) -> None:
    """What the second leaves of the balance rests on what the first took."""
    await lived(town)
    account_id = await first_of(town)
    half = town.today - timedelta(days=9)
    await town.sql("UPDATE agreement SET end_day = $2 WHERE account_id = $1", account_id, half)
    await town.sql(
        "INSERT INTO agreement (id, account_id, tariff_code, first_day, revision) "
        "VALUES (gen_random_uuid(), $1, $2, $3, 1)",
        account_id, CODE, half,
    )  # fmt: skip
    found: list[list[UUID]] = []
    async with town.unit() as unit:
        while True:
            after = found[-1][-1] if found else None
            some = await unit.corrections.agreements(CODE, after_account=after, accounts=2)
            if not some:
                break
            found.append([each.account_id for each in some])
    everybody = [each for portion in found for each in portion]
    assert all(len(set(portion)) <= 2 for portion in found)
    assert everybody == sorted(everybody)
    assert len(everybody) == len(set(everybody)) + 1 == len(MINE) + 1
    (whose,) = [portion for portion in found if account_id in portion]
    assert whose.count(account_id) == 2


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
