"""A municipality's lamps, twenty thousand meters of one account in twelve partitions: six writers
in processes of their own, readings late, twice and out of turn, people deciding meanwhile, SIGKILL.
The account owes what the pure libraries say, to the micro-unit."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from ledger_expected import BEGIN, Agreed, Metered, document, minute_us
from ledger_lamps import (
    CONTEXT,
    DECIDED,
    NOW,
    REVIEW,
    Batch,
    Lamps,
    Writer,
    mixed_rounds,
)

from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.values import ReadingEdit
from prepay_ledger.seals.audit import audit
from prepay_ledger.seals.postgres import open_seals
from prewatt_common.ids import new_id
from prewatt_metering.vee.edit import Edit, EditKind

pytestmark = pytest.mark.stack

PARTITIONS, WRITERS, ROUNDS = 12, 6, 6
SECOND_DAY = date(2026, 3, 2)


async def install_more(lamps: Lamps, count: int) -> None:
    """Lamps that were mounted since, one by one."""
    for number in range(count):
        async with lamps.unit() as unit:
            await DecideMeter(review=REVIEW).install(
                unit=unit, new=lamps.installed(f"new-{number}"), decided=DECIDED
            )


async def edit_some(lamps: Lamps, some: Sequence[Metered]) -> None:
    """A reading of each that does not count."""
    for meter in some:
        minute, _ = meter.readings[0]
        edit = ReadingEdit(
            id=new_id(), meter_id=meter.meter_id, read_at=BEGIN + timedelta(minutes=minute),
            kind=EditKind.REMOVE, register_wh=None, decided_by="test", reason="test", at=NOW,
        )  # fmt: skip
        meter.edits.append(
            Edit(
                edit_id=str(edit.id), meter=meter.meter_id, at_us=minute_us(minute),
                kind=EditKind.REMOVE, register_wh=None, by="test", reason="test", decided_us=0,
            )
        )  # fmt: skip
        async with lamps.unit() as unit:
            await DecideMeter(review=REVIEW).edit(unit=unit, edit=edit, decided=DECIDED)


async def agree_anew(lamps: Lamps) -> None:
    """From the second day on another agreement: each lamp's use is derived anew."""
    agreement = Agreement(
        id=new_id(), account_id=lamps.account_id, tariff_code="lamps", first_day=SECOND_DAY
    )
    async with lamps.unit() as unit:
        await DecideAgreement(review=REVIEW).set(unit=unit, agreement=agreement, decided=DECIDED)
    (before,) = lamps.agreed
    after = Agreed(documents=[document("lamps")], first_day=SECOND_DAY)
    lamps.agreed = [replace(before, end_day=SECOND_DAY), after]


async def write_and_die(lamps: Lamps, work: Sequence[dict[int, Sequence[Batch]]]) -> int:
    """Six writers to the end; two of them are killed on the way, wherever they are, and others take
    their partitions over. Gives how many batches came again."""
    start = CONTEXT.Barrier(len(work))
    writers = [Writer(lamps.url, each, start) for each in work]
    await lamps.until_taken(3 * WRITERS)
    chance = random.Random(5)
    for number in (0, 1):
        await asyncio.sleep(chance.random())
        await asyncio.to_thread(writers[number].kill)
        writers[number] = Writer(lamps.url, work[number], CONTEXT.Barrier(1))
    return sum([(await each.written()).again for each in writers])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("meters", [600, pytest.param(20_000, marks=pytest.mark.chaos)])
async def test_an_account_of_many_lamps_owes_what_their_readings_say(
    own_database_url: str, meters: int
) -> None:
    lamps = Lamps(own_database_url, meters=meters, partitions=PARTITIONS)
    await lamps.settle()
    batches = {
        partition: mixed_rounds(lamps.part(partition), rounds=ROUNDS, seed=partition)
        for partition in range(PARTITIONS)
    }
    work = [
        {partition: batches[partition] for partition in range(writer, PARTITIONS, WRITERS)}
        for writer in range(WRITERS)
    ]
    sweep = SweepStanding(
        open_unit=lamps.unit, review=REVIEW, clock=lambda: NOW, committed=lambda: None
    )
    again, *_ = await asyncio.gather(
        write_and_die(lamps, work),
        install_more(lamps, 20),
        edit_some(lamps, lamps.meters[:20]),
        agree_anew(lamps),
        sweep(),
    )
    print(f"\n{again} of {PARTITIONS * ROUNDS} batches came again")
    assert await lamps.worth_micro() == -lamps.owes_micro()
    totals = await AccountQueries(lamps.database).totals()
    assert (totals.imbalance_micro, totals.entries_differ_micro) == (0, 0)
    async with open_seals(lamps.database) as unit:
        found = [str(each) async for each in audit(store=unit.seals, published=None)]
    assert found == []
    assert await lamps.findings_of_charges() == []
    await lamps.database.close()
