"""Twenty thousand accounts run out at once: stopped, then paced; and all of it undone, with an
apology to whoever went dark. Through the review, on PostgreSQL."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from ledger_mass import BEGIN, Mass, by
from ledger_scratch import Scratch

from prepay_ledger.breakers.hold_cuts import end_hold
from prepay_ledger.breakers.undo_cuts import draft_undo, release_undo
from prepay_ledger.breakers.values import ALL

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(600)]
HOUSES, PACED, TRIP = 20_000, 8_000, 10_000
APOLOGIES = """
SELECT count(*) AS n, count(DISTINCT key) AS accounts FROM outbox
WHERE topic = 'ledger.events.v1' AND position('"undo_id"' in convert_from(value, 'UTF8')) > 0
"""


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Mass]:
    scratch = Scratch(own_database_url)
    made = Mass(scratch, houses=HOUSES, paced=PACED, trip=TRIP)
    await made.build()
    yield made
    await scratch.database.close()


async def test_twenty_thousand_at_once_are_stopped_paced_and_undone(town: Mass) -> None:
    await town.look()
    assert await town.states() == {"pending": HOUSES}
    assert await town.scratch.sql("SELECT FROM command") == []
    (hold,) = await town.scratch.sql("SELECT id FROM cut_hold")
    async with town.scratch.unit() as unit:
        await end_hold(unit=unit, hold_id=hold["id"], decided=by("wu", town.now))
    cut: list[int] = []
    for _ in range(5):
        await town.a_minute_later()
        states = await town.states()
        cut.append(states["disconnecting"] + states["disconnected"])
        await town.go_dark()
    assert max(after - before for before, after in zip([0, *cut], cut, strict=False)) == PACED
    assert await town.states() == {"disconnected": HOUSES}
    assert len(await town.scratch.sql("SELECT FROM cut_hold")) == 1, "it trips nothing anew"

    async with town.scratch.unit() as unit:
        undo = await draft_undo(
            unit=unit,
            scope=ALL,
            since=BEGIN,
            until=town.now + timedelta(seconds=1),
            decided=by("li", town.now + timedelta(seconds=2)),
        )
    assert (undo.accounts, undo.dark) == (HOUSES, HOUSES)
    async with town.scratch.unit() as unit:
        await release_undo(unit=unit, undo_id=undo.id, decided=by("wu", town.now))
    await town.a_minute_later()
    assert await town.states() == {"reconnecting": HOUSES}
    (told,) = await town.scratch.sql(APOLOGIES)
    assert (told["n"], told["accounts"]) == (HOUSES, HOUSES)
    for _ in range(2):
        await town.a_minute_later()
    assert [tuple(each) for each in await town.scratch.sql(APOLOGIES)] == [tuple(told)]
