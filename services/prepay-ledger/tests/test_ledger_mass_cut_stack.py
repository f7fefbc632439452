"""Many accounts run out at once: the fleet breaker stops all cuts, a person lets them go, and they
go by the minute. Through the review, on PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from ledger_mass import Mass, by
from ledger_scratch import Scratch

from prepay_ledger.breakers.hold_cuts import end_hold
from prepay_ledger.supply.command import main

pytestmark = pytest.mark.stack
HOUSES, PACED, TRIP = 9, 4, 6


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Mass]:
    scratch = Scratch(own_database_url)
    made = Mass(scratch, houses=HOUSES, paced=PACED, trip=TRIP)
    await made.build()
    yield made
    await scratch.database.close()


async def test_all_cuts_stop_and_go_by_the_minute_once_a_person_has_looked(town: Mass) -> None:
    await town.look()
    assert await town.states() == {"pending": HOUSES}
    assert await town.held() == {"fleet_breaker"}
    await town.a_minute_later()
    assert await town.states() == {"pending": HOUSES}
    (hold,) = await town.scratch.sql("SELECT id FROM cut_hold")
    async with town.scratch.unit() as unit:
        await end_hold(unit=unit, hold_id=hold["id"], decided=by("wu", town.now))
    # Those who have asked come no more anew: it does not trip again.
    cut = 0
    for _ in range(6):
        await town.a_minute_later()
        now_cut = (await town.states())["disconnecting"]
        assert now_cut - cut <= PACED
        cut = now_cut
    assert await town.states() == {"disconnecting": HOUSES}
    assert len(await town.scratch.sql("SELECT FROM cut_hold")) == 1


async def test_whoever_pays_while_cuts_are_stopped_is_let_go(town: Mass) -> None:
    await town.look()
    await town.scratch.sql("UPDATE account SET balance_micro = 9 WHERE id = $1", town.ids[0])
    await town.look()
    assert await town.states() == {"pending": HOUSES - 1, "connected": 1}
    assert await town.scratch.sql("SELECT FROM command") == []


async def test_stored_decisions_are_decided_the_same_and_one_that_is_not_is_named(
    town: Mass, capsys: pytest.CaptureFixture[str]
) -> None:
    await town.look()
    asked = ["--database-url", town.scratch.url]
    assert await asyncio.to_thread(main, asked) == 0
    assert f"{HOUSES} decisions: all are decided the same" in capsys.readouterr().out
    connection = await town.scratch.connect()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE decision SET held = '{}' WHERE account_id = $1", town.ids[0])
    await connection.close()
    assert await asyncio.to_thread(main, [*asked, "--account", str(town.ids[0])]) == 1
    assert f"of account {town.ids[0]}" in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["--database-url", "postgresql://127.0.0.1:1/x"]) == 2
