"""Reconnections on PostgreSQL: followed to their load, late once, whoever is killed or races."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from ledger_dark import CREDIT_MICRO, MINUTE, Dark
from ledger_town import Dying, Killed
from prometheus_client import REGISTRY

from prepay_ledger.reconnections import watch_reconnections
from prepay_ledger.reconnections.postgres_queries import ReconnectionQueries
from prepay_ledger.reconnections.values import Duration, Percentiles, Sla
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage as S
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

CREDITS = {"town-0": [CREDIT_MICRO], "town-1": [CREDIT_MICRO], "town-2": [CREDIT_MICRO]}
LATE, CREDITED = '"deadline_at"', '"sla_credit"'
"""What the events say that tell of them."""
DARK = [("m0", None), ("m1", None), ("m2", None)]


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Dark]:
    made = Dark(own_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


def timed(stage: str) -> float:
    name = "prewatt_ledger_reconnection_seconds_count"
    return REGISTRY.get_sample_value(name, {"stage": stage}) or 0


async def test_from_the_payment_to_the_load(town: Dark) -> None:
    before = {stage: timed(stage) for stage in Duration}
    await town.reconnect(0, 1)
    await town.reach(0, S.SENT, 0.1)
    await town.reach(0, S.CLOSED, 0.2)
    await town.reach(1, S.ARMED, 0.5)
    watch = town.watching(20)
    assert await watch() is None
    assert await town.rows("breached_at, is_timed") == {0: (None, True), 1: (None, True)}
    # At half past: one reading is no load yet, whatever it says; the second one is.
    await town.read(3, [0, 1])
    await watch()
    assert (await town.rows("load_at"), town.load) == ({0: (None,), 1: (None,)}, [])
    await town.read(4, [0, 1])
    await watch()
    await watch()
    assert await town.rows("load_at, closed_at, done_at") == {
        0: (town.at(90), town.at(0.2), town.at(90)),
        # The button's click was not heard of; that energy flows was.
        1: (town.at(90), town.at(90), town.at(90)),
    }
    assert town.load == ["m0", "m1"]
    assert {stage: timed(stage) - before[stage] for stage in Duration} == {
        Duration.CAUSED_ISSUED: 2,
        Duration.ISSUED_CLOSED: 1,
        Duration.CAUSED_CLOSED: 1,
        Duration.ISSUED_ARMED: 1,
        Duration.CAUSED_ARMED: 1,
        Duration.CLOSED_LOAD: 2,
    }
    assert (await town.orders(), await town.credited()) == ([], {})


async def test_late_is_an_order_a_credit_and_a_word_once(town: Dark) -> None:
    balances = await town.sql("SELECT number, balance_micro FROM account ORDER BY number")
    await town.reconnect(0, 1, 2)
    await town.reconnect(3, sla=Sla())
    await town.reach(1, S.ANSWERED, 1)
    await town.watching(14.9)()
    assert await town.orders() == []
    for minutes in (15, 16, 100):
        await town.watching(minutes)()
    assert await town.rows("breach_stage, breached_at, journal_id IS NULL") == {
        0: ("issued", town.at(15), False),
        1: ("answered", town.at(15), False),
        2: ("issued", town.at(15), False),
        3: ("issued", town.at(15), True),
    }
    assert await town.credited() == CREDITS
    assert await town.orders() == [*DARK, ("m3", None)]
    assert [await town.told(each) for each in (LATE, CREDITED)] == [4, 3]
    (evidence,) = await town.sql(
        "SELECT evidence->>'site_code' AS code FROM work_order ORDER BY id LIMIT 1"
    )
    assert evidence["code"] == "may be read"
    after = await town.sql("SELECT number, balance_micro FROM account ORDER BY number")
    moved = [now[1] - then[1] for then, now in zip(balances, after, strict=True)]
    assert moved == [CREDIT_MICRO] * 3 + [0] * 4
    await town.holds()
    # Somebody goes there and closes one; another closes by itself; the third is cut again.
    await town.reach(0, S.CLOSED, 120)
    await town.cut_again(2, minutes=121)
    assert await town.orders() == [("m0", "over"), ("m1", None), ("m2", "over"), ("m3", None)]
    assert (await town.rows("superseded_at"))[2] == (town.at(121),)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("units", [0, 1, 2])
async def test_where_it_dies_it_goes_on(town: Dark, units: int, *, inside: bool) -> None:
    """Between what it does or within it, before it is committed: each is credited once."""
    await town.reconnect(0, 1, 2)
    await town.reach(0, S.CLOSED, 0.2)
    await town.cut_again(0, minutes=1)
    await town.reconnect(0, minutes=1)
    await town.read(3, [3])
    with pytest.raises(Killed):
        watch = town.watching(16, Dying(town, after=units, inside=inside))
        for _ in range(2):
            await watch()
    for _ in range(2):
        await town.watching(16)()
    assert (await town.credited(), await town.orders()) == (CREDITS, DARK)
    assert await town.told(LATE) == 3
    await town.holds()


async def test_replicas_that_race_credit_once(town: Dark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_reconnections, "LATE_AT_ONCE", 1)
    await town.reconnect(0, 1, 2)
    watches = [town.watching(15) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(each() for each in watches))
    assert (await town.credited(), await town.orders()) == (CREDITS, DARK)
    assert await town.told(CREDITED) == 3
    await town.holds()


async def test_an_answer_that_races_with_the_deadline_loses_nothing(town: Dark) -> None:
    await town.reconnect(0, 1, 2)
    await asyncio.gather(
        town.watching(15)(), *(town.reach(number, S.CLOSED, 15) for number in range(3))
    )
    found = await town.rows("closed_at, breached_at IS NOT NULL")
    assert {each[0] for each in found.values()} == {town.at(15)}
    late = [f"town-{number}" for number, (_, is_late) in found.items() if is_late]
    assert sorted(await town.credited()) == sorted(late)
    # An order that was opened is over, whichever came first.
    await town.reach(0, S.CLOSED, 16)
    assert {result for _, result in await town.orders()} <= {"over"}


async def test_issued_again_it_goes_on_and_two_that_begin_it_make_one(town: Dark) -> None:
    await asyncio.gather(*(town.reconnect(0, 1, 2, minutes=each) for each in (0, 1, 2, 3)))
    rows = await town.sql("SELECT caused_at FROM reconnection WHERE done_at IS NULL")
    assert len(rows) == 3
    first = await town.rows("id, caused_at")
    await town.reconnect(0, 1, 2, minutes=10)
    assert await town.rows("id, caused_at") == first


async def test_a_meter_that_serves_another_account_begins_anew(town: Dark) -> None:
    await town.reconnect(0)
    other = await town.account_of(2)
    await town.reconnect(0, account_id=other, minutes=5)
    rows = await town.sql("SELECT account_id, superseded_at FROM reconnection ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (await town.account_of(0), town.at(5) + MINUTE / 60),
        (other, None),
    ]


async def test_a_day_without_load_is_enough(town: Dark) -> None:
    await town.reconnect(0)
    await town.reach(0, S.CLOSED, 1)
    await town.watching(24 * 60)()
    assert await town.rows("done_at") == {0: (None,)}
    await town.watching(24 * 60 + 1)()
    assert await town.rows("done_at, load_at") == {0: (town.at(24 * 60 + 1), None)}


async def test_the_summary_is_exact(town: Dark) -> None:
    for number in range(4):
        await town.reconnect(number, minutes=number)
        await town.reach(number, S.CLOSED, number + 1 + number)
    await town.reconnect(4, minutes=4)
    await town.reconnect(5, minutes=5)
    await town.reach(5, S.ARMED, 7)
    await town.watching(30)()
    queries = ReconnectionQueries(town.database)
    summary = await queries.summary(first=town.at(0), end=town.at(60))
    assert (summary.begun, summary.open, summary.closed, summary.credited) == (6, 6, 4, 1)
    assert summary.late == {S.ISSUED: 1}
    # One, two, three and four minutes.
    assert summary.durations[Duration.CAUSED_CLOSED] == Percentiles(
        4, 2 * MINUTE, 4 * MINUTE, 4 * MINUTE
    )
    assert summary.durations[Duration.CAUSED_ARMED] == Percentiles(1, *[2 * MINUTE] * 3)
    assert (await queries.summary(first=town.at(1), end=town.at(3))).begun == 2


async def test_the_running_service_says_it_and_makes_good(ledger, kafka_events) -> None:
    """Past the review: a row whose deadline is over."""
    account, meter_id = await ledger.household(paid_micro=10_000_000)
    reconnection_id, now = new_id(), utc_now()
    await ledger.sql(
        "INSERT INTO reconnection (id, account_id, meter_id, cause, caused_at, issued_at, "
        "credit_micro, deadline_at) VALUES ($1, $2, $3, 'payment', $4, $4, $5, $6)",
        reconnection_id, UUID(account["id"]), meter_id, now - 16 * MINUTE, CREDIT_MICRO,
        now - MINUTE,
    )  # fmt: skip
    credited = await kafka_events("prewatt.ledger.credited.v1", account_id=account["id"])
    late = await kafka_events("prewatt.ledger.reconnection-late.v1", account_id=account["id"])
    assert (credited["amount_micro"], credited["balance_micro"]) == (CREDIT_MICRO, 15_000_000)
    assert (late["stage"], late["credit_micro"]) == ("issued", CREDIT_MICRO)
    await ledger.until_balance(account, 15_000_000)
    (entry, _) = await ledger.newest(account, "entries")
    assert (entry["kind"], entry["source"]) == ("sla_credit", f"reconnection/{reconnection_id}")
    query = {"account_id": account["id"], "open": "true"}
    (shown,) = (await ledger.api.get("/v1/reconnections", params=query)).json()["items"]
    assert (shown["stage"], shown["breach_stage"]) == ("issued", "issued")
    (order,) = (await ledger.api.get("/v1/work-orders", params=query)).json()["items"]
    assert order["evidence"]["reconnection_id"] == str(reconnection_id)
    # Energy flows: the order is over, and it is said.
    await ledger.sql(
        "UPDATE reconnection SET issued_at = $2, caused_at = $2 WHERE id = $1",
        reconnection_id, datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    await ledger.read((meter_id, 15, 100))

    async def based() -> bool:
        rows = await ledger.sql("SELECT base_wh FROM reconnection WHERE id = $1", reconnection_id)
        return rows[0]["base_wh"] == 100

    await ledger.until(based, what="the reading that load is measured from")
    await ledger.read((meter_id, 30, 250))
    closed = await kafka_events("prewatt.ledger.work-order-closed.v1", meter_id=meter_id)
    assert (closed["by"], closed["result"]) == ("prepay-ledger", "over")
    await ledger.sums_to_zero()
