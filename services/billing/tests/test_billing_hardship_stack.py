"""Looks at households on the real PostgreSQL and Kafka: what is taken, what is shown, kill -9."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hardship_cases import example_policy
from hardship_runs import hard_life, look, look_at, publish_example, supply, take_hardship

from billing.hardship import run_look
from billing.hardship.acknowledge import acknowledge
from billing.hardship.postgres import open_look
from billing.hardship.postgres_desk import open_desk
from billing.hardship.use import use_ratio
from billing.hardship.values import Acknowledgement, Action, Ratio
from prewatt_common.contracts.emergency_credit_v1 import (
    EmergencyCreditChanged,
    EmergencyCreditNews,
)
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.topics import LEDGER_EVENTS
from prewatt_common.kafka.messages import Source

pytestmark = pytest.mark.stack

NOON = datetime(2026, 12, 15, 4, tzinfo=UTC)
YESTERDAY = date(2026, 12, 14)
FIRST_DAY = date(2026, 8, 1)
DAY = timedelta(days=1)


@pytest.fixture
async def home(billing, homes) -> Any:
    """With an agreement, and a policy in force."""
    await publish_example(billing.database, NOON - DAY)
    one = homes(first_day=FIRST_DAY)
    await billing.take(*one.facts)
    return one


async def flags(billing) -> list[asyncpg.Record]:
    return await billing.rows("SELECT * FROM hardship_flag ORDER BY account_id, id")


async def told(billing) -> list[Mapping[str, Any]]:
    """The events that wait in the outbox."""
    rows = await billing.rows("SELECT topic, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {"billing.events.v1"}
    return [json.loads(row["value"]) for row in rows]


async def test_nothing_is_looked_at_before_a_policy_is_published(billing, homes) -> None:
    one = homes(first_day=FIRST_DAY)
    await billing.take(*one.facts)
    await take_hardship(billing, *hard_life(one.account_id, NOON))
    await look_at(billing.database, NOON)
    assert not await billing.rows("SELECT FROM hardship_run")
    assert not await flags(billing)


async def test_a_household_is_shown_once_and_while_it_holds(billing, home) -> None:
    await take_hardship(billing, *hard_life(home.account_id, NOON))
    await look_at(billing.database, NOON)
    (flag,) = await flags(billing)
    assert (flag["account_id"], flag["level"]) == (home.account_id, "likely")
    assert (flag["first_day"], flag["last_true_day"]) == (YESTERDAY, YESTERDAY)
    names = {each["name"] for each in json.loads(flag["evidence"])}
    assert names == {"ran_out", "tiny_top_ups"}
    (event,) = await told(billing)
    assert set(event["indicators"]) == names
    assert event["account_id"] == str(home.account_id)
    assert "numbers" not in event, "numbers are asked for, which keeps who saw them"

    await look_at(billing.database, NOON + timedelta(hours=2))
    assert await flags(billing) == [flag], "once a day"
    await look_at(billing.database, NOON + DAY)
    (kept,) = await flags(billing)
    assert (kept["id"], kept["last_true_day"]) == (flag["id"], YESTERDAY + DAY)
    assert len(await told(billing)) == 1, "told once"
    history = await billing.rows("SELECT day FROM hardship_flag_day")
    assert len(history) == 1, "one row as long as the same holds"


async def test_it_ends_by_itself_and_is_told(billing, home) -> None:
    await take_hardship(billing, *hard_life(home.account_id, NOON))
    for days in (0, 40):
        await look_at(billing.database, NOON + days * DAY)
    (flag,) = await flags(billing)
    assert (flag["ended_by"], flag["ended_day"]) == ("cleared", YESTERDAY + 40 * DAY)
    _, event = await told(billing)
    assert (event["flag_id"], event["ended_by"]) == (str(flag["id"]), "cleared")


async def test_who_moved_out_is_looked_at_no_more(billing, home) -> None:
    await take_hardship(billing, *hard_life(home.account_id, NOON))
    await look_at(billing.database, NOON)
    await billing.take(home.agreement(revision=2, end_day=YESTERDAY))
    await look_at(billing.database, NOON + DAY)
    (flag,) = await flags(billing)
    assert flag["ended_by"] == "moved_out"


async def test_a_business_is_no_household(billing, home) -> None:
    await billing.take(home.registered(revision=2, household=False, max_w=20_000))
    await take_hardship(billing, *hard_life(home.account_id, NOON))
    await look_at(billing.database, NOON)
    assert not await flags(billing)


async def _dealt_with(billing, flag_id: UUID, at: datetime) -> None:
    done = Acknowledgement(
        id=uuid4(), flag_id=flag_id, at=at, by="wang", action=Action.CALLED, note="called"
    )
    async with open_desk(billing.database) as desk:
        await acknowledge(desk=desk, done=done, key=str(at))


async def test_who_was_dealt_with_is_shown_anew_only_after_the_rest(billing, home) -> None:
    await take_hardship(billing, supply(home.account_id, NOON - 3 * DAY, SupplyState.DISCONNECTED))
    await look_at(billing.database, NOON)
    (flag,) = await flags(billing)
    await _dealt_with(billing, flag["id"], NOON)
    await look_at(billing.database, NOON + 29 * DAY)
    assert [each["id"] for each in await flags(billing)] == [flag["id"]]
    assert len(await told(billing)) == 1
    await look_at(billing.database, NOON + 31 * DAY)
    old, new = sorted(await flags(billing), key=lambda each: each["raised_at"])
    assert (old["id"], old["ended_by"], new["ended_by"]) == (flag["id"], "raised_anew", None)
    assert len(await told(billing)) == 3


async def test_events_come_by_kafka_in_any_order_and_twice(billing, home) -> None:
    credit = EmergencyCreditChanged(
        emergency_credit_id=uuid4(),
        account_id=home.account_id,
        news=EmergencyCreditNews.ACCEPTED,
        amount_micro=1,
        balance_micro=0,
        balance_number=1,
        left_micro=1,
        currency="CNY",
        at=NOON,
    )
    events = [*hard_life(home.account_id, NOON), credit]
    source = Source("test")
    await billing.producer.send(
        [
            source.message(topic=LEDGER_EVENTS, key=str(home.account_id), event=each, at=NOON)
            for each in [*reversed(events), *events]
        ]
    )

    async def all_taken() -> bool:
        rows = await billing.rows(
            "SELECT kind, count(*) FROM hardship_event WHERE account_id = $1 GROUP BY kind",
            home.account_id,
        )
        return dict(rows) == {
            "top_up": 13,
            "supply_off": 2,
            "supply_on": 4,
            "credit_taken": 1,
        }

    async with billing.consuming("hardship"):
        await billing.until(all_taken)


async def _used(billing) -> dict[date, int]:
    return dict(await billing.rows("SELECT day, used_wh FROM hardship_use ORDER BY day"))


async def test_use_is_by_local_day_and_follows_late_readings(billing, home) -> None:
    hours = 24 * (YESTERDAY - FIRST_DAY).days
    late = range(hours - 80, hours - 60)
    reads = [(float(n), 1_000 + 100 * n) for n in range(hours - 200, hours + 30) if n not in late]
    await billing.take_batch(home.readings(reads))
    await look_at(billing.database, NOON)
    used = await _used(billing)
    # A day is not known where the register was not read for hours before one of its midnights.
    unknown = {YESTERDAY - 4 * DAY, YESTERDAY - 3 * DAY}
    assert not unknown & set(used)
    assert set(used.values()) == {2_400}
    assert max(used) == YESTERDAY
    await billing.take_batch(home.readings([(float(n), 1_000 + 100 * n) for n in late]))
    # The database's own clock says when it was taken, and the look's is the test's.
    await billing.rows("UPDATE meter_day SET changed_at = $1", NOON + timedelta(hours=1))
    await look_at(billing.database, NOON + DAY)
    used = await _used(billing)
    assert unknown <= set(used)
    assert set(used.values()) == {2_400}


async def test_medians_are_those_of_the_scalar_rule(billing, home, homes) -> None:
    policy = example_policy()
    rows: list[tuple[UUID, date, int]] = []
    known: dict[UUID, dict[date, int]] = {}
    for number in range(9):
        one = homes(first_day=FIRST_DAY)
        one.code = home.code
        await billing.take(one.agreement())
        known[one.account_id] = {
            YESTERDAY - n * DAY: 5_000 + 137 * number + n * n % 251 * (number + 1)
            for n in range(60)
            if (n + number) % (3 + number) or number == 8
        }
        rows += [(one.account_id, day, wh) for day, wh in known[one.account_id].items()]
    async with open_look(billing.database) as turn:
        await turn.put_use(rows)
        await turn.take_medians(policy, day=YESTERDAY)
        found = (await turn.medians())[home.code]
    ratios = [use_ratio(each, day=YESTERDAY, policy=policy) for each in known.values()]
    ppm = sorted(each.ppm for each in ratios if each is not None)
    assert 0 < len(ppm) < 9, "some are known too little"
    assert found == Ratio(len(ppm), ppm[(len(ppm) - 1) // 2])


@pytest.mark.parametrize("portion", [3, 5, 7, 9])
@pytest.mark.parametrize("point", ["done", "committed"])
async def test_killed_it_goes_on_and_tells_each_once(
    billing, homes, own_database_url, *, monkeypatch, portion: int, point: str
) -> None:
    await publish_example(billing.database, NOON - DAY)
    some = [homes(first_day=FIRST_DAY) for _ in range(5)]
    for one in some:
        await billing.take(*one.facts)
        await take_hardship(billing, *hard_life(one.account_id, NOON))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("hardship_dies.py")),
        own_database_url,
        NOON.isoformat(),
        str(portion),
        point,
    )
    assert await process.wait() == -signal.SIGKILL
    monkeypatch.setattr(run_look, "ACCOUNTS_MAX", 2)
    await look_at(billing.database, NOON)
    (run,) = await billing.rows("SELECT * FROM hardship_run")
    assert run["finished_at"] is not None
    assert (run["accounts"], run["raised"], run["ended"]) == (5, 5, 0)
    assert len(await flags(billing)) == 5
    events = [event["account_id"] for event in await told(billing)]
    assert sorted(events) == sorted(str(one.account_id) for one in some)


async def test_one_process_at_a_time_looks(billing, home) -> None:
    async with open_look(billing.database) as turn:
        assert turn is not None
        assert await look(billing.database, NOON).once() is None


async def test_what_is_not_needed_is_forgotten(billing, home) -> None:
    await take_hardship(
        billing,
        *hard_life(home.account_id, NOON),
        supply(home.account_id, NOON - timedelta(hours=40), SupplyState.DISCONNECTED),
    )
    await look_at(billing.database, NOON)
    (flag,) = await flags(billing)
    async with open_desk(billing.database) as desk:
        await desk.looked(by="wang", what="flag", account_id=home.account_id, now=NOON)
    await look_at(billing.database, NOON + 150 * DAY)
    kept = await billing.rows("SELECT kind FROM hardship_event")
    assert [each["kind"] for each in kept] == ["supply_off"], "it lasts, so it is kept"
    assert not await billing.rows("SELECT FROM hardship_look")
    assert [each["id"] for each in await flags(billing)] == [flag["id"]], "it stands"
    later = NOON + 151 * DAY
    await take_hardship(billing, supply(home.account_id, later, SupplyState.CONNECTED))
    for days in (160, 270):
        await look_at(billing.database, NOON + days * DAY)
    assert not await flags(billing), "ended longer ago than it is kept"
    assert not await billing.rows("SELECT FROM hardship_flag_day")


async def test_nothing_stays_of_who_moved_out_long_ago(billing, home) -> None:
    off = supply(home.account_id, NOON - timedelta(hours=40), SupplyState.DISCONNECTED)
    await take_hardship(billing, off)
    await billing.take(home.agreement(revision=2, end_day=YESTERDAY))
    await look_at(billing.database, NOON + 10 * DAY)
    assert await billing.rows("SELECT FROM hardship_event"), "a window may still ask for it"
    await look_at(billing.database, NOON + 150 * DAY)
    assert not await billing.rows("SELECT FROM hardship_event")
