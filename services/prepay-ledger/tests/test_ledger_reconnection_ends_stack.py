"""How reconnections end: whoever moves out, what is told late, and what a person has seen to."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from ledger_devices import relay_of
from ledger_grounds import bounced, delivered, failed
from ledger_scratch import Scratch
from ledger_world import World
from prometheus_client import REGISTRY

from prepay_ledger.procedures.take_notices import NoticeEvent
from prepay_ledger.reconnections.watch_reconnections import WatchReconnections
from prepay_ledger.supply.close_and_retry import CloseAndRetry
from prepay_ledger.supply.mind_notices import mind_notices
from prepay_ledger.unit import PostgresUnit
from prepay_ledger.work_orders.refusals import WorkOrderClosedBefore
from prepay_ledger.work_orders.values import Closing, WorkOrderResult
from prewatt_common.contracts.meter_events_v1 import MeterReported
from prewatt_common.contracts.mqtt_v1 import MqttEventKind

pytestmark = pytest.mark.stack

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(own_database_url: str) -> AsyncGenerator[World]:
    scratch = Scratch(own_database_url)
    made = World(scratch)
    await made.begin()
    yield made
    await made.end()
    await scratch.database.close()


async def dark_and_paid(world: World) -> None:
    """The first household is cut, pays, and its meter does not hear of it."""
    household, device = world.households[0], world.devices[0]
    await world.pay(household, -100)
    await world.deliver(device)
    assert device.is_open
    await world.pay(household, 50)


async def rows(world: World, columns: str) -> list[tuple[Any, ...]]:
    found = await world.scratch.sql(f"SELECT {columns} FROM reconnection ORDER BY id")
    return [tuple(each) for each in found]


async def orders(world: World) -> list[tuple[str, str | None]]:
    found = await world.scratch.sql("SELECT kind, result FROM work_order ORDER BY id")
    return [tuple(each) for each in found]


async def watch(world: World) -> None:
    """The job, at this instant."""

    async def nothing(_: PostgresUnit, *__: object) -> None:
        return None

    await WatchReconnections(
        open_unit=world.scratch.unit,
        review=world.review,
        saw_load=nothing,
        has_site_codes=True,
        clock=lambda: world.now,
        committed=lambda: None,
    )()


async def report(
    world: World, at: datetime, kind: MqttEventKind = MqttEventKind.RELAY_MOVED
) -> None:
    """The first meter tells where its relay is, by its own clock."""
    device = world.devices[0]
    await world.tell(
        MeterReported(meter_id=device.meter_id, kind=kind, at=at, relay=relay_of(device))
    )


@pytest.mark.parametrize("late", [False, True])
async def test_whoever_moves_out_is_owed_no_credit_and_no_visit(world: World, late: bool) -> None:
    """(a) Before its time is over the reconnection ends; after that its order does."""
    await dark_and_paid(world)
    await world.scratch.sql("UPDATE reconnection SET credit_micro = 7")
    await world.presence(world.devices[0], is_there=False)
    if late:
        await world.pass_time(16 * 60)
        await watch(world)
        assert await orders(world) == [("paid_but_dark", None)]
    await world.move(world.devices[0], None)
    assert await rows(world, "superseded_at IS NOT NULL") == [(True,)]
    await world.pass_time(16 * 60)
    await watch(world)
    assert await rows(world, "breached_at IS NOT NULL, journal_id IS NOT NULL") == [(late, late)]
    assert await orders(world) == ([("paid_but_dark", "over")] if late else [])


async def test_a_move_out_that_was_planned_ends_it_at_its_instant(world: World) -> None:
    await dark_and_paid(world)
    await world.presence(world.devices[0], is_there=False)
    # Nobody looks at the account when it comes: the job that would credit sees it all the same.
    await world.scratch.sql(
        "UPDATE installation SET ends_at = $2 WHERE meter_id = $1",
        world.devices[0].meter_id, world.now + MINUTE,
    )  # fmt: skip
    world.now += 16 * MINUTE
    await watch(world)
    assert await rows(world, "breached_at, superseded_at IS NOT NULL") == [(None, True)]


async def test_one_that_waits_for_load_gives_way_to_the_next(world: World) -> None:
    """(b) The relay was closed, nobody used anything, and it is open again: timed anew."""
    await dark_and_paid(world)
    device = world.devices[0]
    await world.deliver(device)
    assert await rows(world, "closed_at IS NOT NULL, done_at") == [(True, None)]
    await world.pass_time(60)
    await world.by_hand(device)
    # Whoever did that may be at work there: the next one begins after a pause, and is timed by it.
    assert await rows(world, "done_at IS NOT NULL") == [(False,)]
    await world.pass_time(15 * 60)
    assert await rows(world, "done_at IS NOT NULL, closed_at IS NOT NULL") == [
        (True, True),
        (False, False),
    ]
    await world.pass_time(16 * 60)
    await watch(world)
    assert await rows(world, "breached_at IS NOT NULL") == [(False,), (True,)]


async def test_what_was_told_before_the_reconnect_is_no_stage_of_it(world: World) -> None:
    """(c) The meter kept a report of long ago and sends it now."""
    await dark_and_paid(world)
    device = world.devices[0]
    device.is_open = False
    await report(world, world.now - 10 * MINUTE)
    device.is_open = True
    assert await rows(world, "closed_at") == [(None,)]
    assert await world.observed() == {device.meter_id: "open"}


@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_clock_that_is_behind_makes_no_report_old(world: World, is_kept: bool) -> None:
    """(e) Of a meter that is there it counts as it comes; what it kept while away does not."""
    await dark_and_paid(world)
    device = world.devices[0]
    await world.presence(device, is_there=False)
    await world.pass_time(120)
    await world.presence(device, is_there=True)
    await world.pass_time(1 if is_kept else 120)
    device.is_open = False
    await world.tell(
        MeterReported(
            meter_id=device.meter_id,
            kind=MqttEventKind.RELAY_MOVED,
            at=world.now - 60 * MINUTE,
            relay=relay_of(device),
            received_at=world.now,
        )
    )
    found = await rows(world, "closed_at")
    assert found == [(None if is_kept else world.now,)]


async def test_a_person_who_closes_an_unanswered_relays_order_has_it_asked_at_once(
    world: World,
) -> None:
    """Whoever was there is named, and all tries are to be had again."""
    await dark_and_paid(world)
    while not (found := await world.scratch.sql("SELECT id FROM work_order")):
        await world.pass_time(60)
    (order,) = found
    assert await orders(world) == [("relay_does_not_answer", None)]
    asked = "SELECT count(*) AS n FROM command WHERE meter_id = $1"
    before = (await world.scratch.sql(asked, world.devices[0].meter_id))[0]["n"]
    close = CloseAndRetry(world.review)
    closing = Closing(at=world.now, by="li", result=WorkOrderResult.DONE, note="antenna")
    for _ in range(2):
        async with world.scratch.unit() as unit:
            closed = await close(unit=unit, order_id=order["id"], closing=replace(closing))
        assert closed.closing == closing
    (relay,) = await world.scratch.sql("SELECT failures, issued_at FROM relay")
    assert tuple(relay) == (0, world.now)
    after = (await world.scratch.sql(asked, world.devices[0].meter_id))[0]["n"]
    assert after == before + 1
    assert await orders(world) == [("relay_does_not_answer", "done")]


async def test_what_opens_again_and_again_is_closed_once_somebody_has_looked(world: World) -> None:
    """Not from afar: the order says why it stays dark, and who closes it has it closed."""
    household, device = world.households[0], world.devices[0]
    for minutes in (15, 30):
        await world.by_hand(device)
        assert device.is_open
        await world.pass_time(minutes * 60)
        await world.deliver(device)
        assert not device.is_open
    await world.by_hand(device)
    assert device.waiting is None
    await world.pass_time(48 * 3600)
    assert device.waiting is None
    (held,) = await world.scratch.sql("SELECT held FROM account WHERE id = $1", household.id)
    assert held["held"] == "opens_again"
    found = await world.scratch.sql(
        "SELECT id, kind FROM work_order WHERE closed_at IS NULL ORDER BY kind"
    )
    assert [each["kind"] for each in found] == ["relay_moved_by_hand", "relay_opens_unasked"]
    # Whoever found it unsafe has not seen to it.
    unsafe = Closing(at=world.now, by="li", result=WorkOrderResult.NOT_POSSIBLE, note="wet")
    async with world.scratch.unit() as unit:
        await CloseAndRetry(world.review)(unit=unit, order_id=found[1]["id"], closing=unsafe)
    await world.pass_time(24 * 3600)
    assert device.waiting is None
    async with world.scratch.unit() as unit:
        await world.review(unit, [household.id], now=world.now, caused_at=world.now)
    found = await world.scratch.sql(
        "SELECT id, kind FROM work_order WHERE closed_at IS NULL ORDER BY kind"
    )
    assert [each["kind"] for each in found] == ["relay_moved_by_hand", "relay_opens_unasked"]
    closing = Closing(at=world.now, by="li", result=WorkOrderResult.DONE, note="loose wire")
    async with world.scratch.unit() as unit:
        await CloseAndRetry(world.review)(unit=unit, order_id=found[1]["id"], closing=closing)
    await world.pass_time(300)
    await world.deliver(device)
    assert not device.is_open


async def test_two_people_who_close_it_at_once_ask_once(world: World) -> None:
    await dark_and_paid(world)
    while not (found := await world.scratch.sql("SELECT id FROM work_order")):
        await world.pass_time(60)
    (before,) = await world.scratch.sql("SELECT count(*) AS n FROM command")
    close = CloseAndRetry(world.review)

    async def by(who: str) -> None:
        closing = Closing(at=world.now, by=who, result=WorkOrderResult.DONE, note="")
        async with world.scratch.unit() as unit:
            await close(unit=unit, order_id=found[0]["id"], closing=closing)

    answers = await asyncio.gather(by("li"), by("wang"), return_exceptions=True)
    assert [type(each) for each in answers if each] == [WorkOrderClosedBefore]
    (after,) = await world.scratch.sql("SELECT count(*) AS n FROM command")
    assert after["n"] == before["n"] + 1


def timed(stage: str) -> float:
    name = "prewatt_ledger_reconnection_seconds_count"
    return REGISTRY.get_sample_value(name, {"stage": stage}) or 0


def voltage(world: World, voltage_mv: int | None) -> MeterReported:
    """As the first meter tells it now."""
    meter_id = world.devices[0].meter_id
    return MeterReported(
        meter_id=meter_id, kind=MqttEventKind.VOLTAGE, at=world.now, voltage_mv=voltage_mv
    )


async def test_voltage_behind_the_relay_ends_the_order(world: World) -> None:
    """The answer is lost, nobody is at home, and somebody was sent there."""
    await dark_and_paid(world)
    early = voltage(world, 230_000)
    await world.deliver(world.devices[0], loses="answer")
    await world.pass_time(15 * 60)
    await watch(world)
    assert await orders(world) == [("paid_but_dark", None)]
    # None, a leak's, and one of before the reconnect.
    early = msgspec.structs.replace(early, at=early.at - timedelta(hours=1))
    await world.tell(voltage(world, None), voltage(world, 0), voltage(world, 89_999), early)
    assert await orders(world) == [("paid_but_dark", None)]
    stages = ("issued_closed", "closed_load")
    before = [timed(each) for each in stages]
    await world.tell(voltage(world, 90_000))
    assert [timed(each) for each in stages] == [each + 1 for each in before]
    await watch(world)
    await world.tell(voltage(world, 90_000))
    assert [timed(each) for each in stages] == [each + 1 for each in before], "once"
    assert await orders(world) == [("paid_but_dark", "over")]
    (closing,) = await world.scratch.sql("SELECT note FROM work_order")
    assert closing["note"] == "the meter measured voltage behind its relay"
    assert await rows(world, "load_at, closed_at, done_at") == [(world.now,) * 3]
    (relay,) = await world.scratch.sql(
        "SELECT observed, observed_from FROM relay WHERE meter_id = $1", world.devices[0].meter_id
    )
    assert tuple(relay) == ("closed", "voltage")
    (account,) = await world.scratch.sql(
        "SELECT supply_state FROM account WHERE id = $1", world.households[0].id
    )
    assert account["supply_state"] in ("connected", "warned")


async def test_voltage_behind_a_relay_that_is_to_be_open_proves_nothing(world: World) -> None:
    household, device = world.households[0], world.devices[0]
    await world.pay(household, -100)
    await world.deliver(device)
    await world.tell(voltage(world, 230_000))
    (relay,) = await world.scratch.sql(
        "SELECT observed, observed_from FROM relay WHERE meter_id = $1", device.meter_id
    )
    assert tuple(relay) == ("open", "answer")


async def hear(world: World, *events: NoticeEvent) -> None:
    """The notifier tells."""
    async with world.scratch.unit() as unit:
        batch: Any = [(each, None) for each in events]
        await mind_notices(unit, batch, review=world.review, now=world.now)


async def test_who_is_dark_after_a_notice_that_came_back_is_sought(world: World) -> None:
    household, device = world.households[0], world.devices[0]
    warned = delivered(account_id=household.id, at=world.now)
    await hear(world, warned)
    await world.pay(household, -100)
    await world.deliver(device)
    assert device.is_open
    world.now += MINUTE
    back = bounced(warned, at=world.now)
    await hear(world, back)
    await hear(world, back)
    found = await world.scratch.sql("SELECT kind, account_id, closed_at FROM work_order")
    assert [tuple(each) for each in found] == [("contact_repair", household.id, None)]
    assert device.waiting is None, "a person decides whether the cut may stand"
    # Who has supply, or is to have it back, is not sought for this.
    await world.pay(household, 1_000)
    closing = Closing(at=world.now, by="li", result=WorkOrderResult.DONE, note="a new number")
    (order,) = await world.scratch.sql("SELECT id FROM work_order")
    async with world.scratch.unit() as unit:
        await CloseAndRetry(world.review)(unit=unit, order_id=order["id"], closing=closing)
    again = delivered(account_id=household.id, at=world.now)
    await hear(world, again)
    world.now += MINUTE
    await hear(world, bounced(again, at=world.now))
    (count,) = await world.scratch.sql("SELECT count(*) AS n FROM work_order")
    assert count["n"] == 1


async def test_whom_no_warning_reaches_is_sought_until_one_does(world: World) -> None:
    household = world.households[0]
    warned = delivered(account_id=household.id, at=world.now)
    lost = failed(warned, at=world.now)
    for _ in range(2):
        await hear(world, lost)
    assert await orders(world) == [("unreachable", None)]
    (order,) = await world.scratch.sql("SELECT id, meter_id, evidence FROM work_order")
    assert order["meter_id"] == world.devices[0].meter_id
    evidence = json.loads(order["evidence"])
    assert (evidence["template"], evidence["why"]) == (lost.template, lost.reason)
    # A notice that reaches them, by whatever channel, ends it; what failed before that is no news.
    world.now += MINUTE
    await hear(world, delivered(account_id=household.id, at=world.now))
    assert await orders(world) == [("unreachable", "over")]
    await hear(world, lost)
    assert await orders(world) == [("unreachable", "over")]
    # In one batch the last counts, in whatever order they come.
    world.now += MINUTE
    later = delivered(account_id=household.id, at=world.now)
    await hear(world, later, failed(later, at=world.now - MINUTE / 2))
    assert await orders(world) == [("unreachable", "over")]
    await hear(world, failed(later, at=world.now + MINUTE))
    assert await orders(world) == [("unreachable", "over"), ("unreachable", None)]


async def test_late_word_of_an_older_notice_leaves_the_search_for_whom_a_newer_missed(
    world: World,
) -> None:
    """A mail that nobody has sent back counts after days: it left before the address failed."""
    household = world.households[0]
    older = delivered(account_id=household.id, at=world.now + MINUTE, said_at=world.now - MINUTE)
    await hear(world, failed(older, at=world.now))
    world.now += MINUTE
    await hear(world, older)
    assert await orders(world) == [("unreachable", None)]
    # Nor in one batch, whichever comes first; nor at the very instant.
    at_once = delivered(account_id=household.id, at=world.now, said_at=world.now)
    await hear(world, older, failed(older, at=world.now), at_once)
    assert await orders(world) == [("unreachable", None)]
    # It failed again: what was said between the two does not end it either.
    world.now += MINUTE
    await hear(world, failed(older, at=world.now))
    between = delivered(account_id=household.id, at=world.now + MINUTE, said_at=world.now - MINUTE)
    await hear(world, between)
    assert await orders(world) == [("unreachable", None)]
    newer = delivered(
        account_id=household.id, at=world.now + 2 * MINUTE, said_at=world.now + MINUTE
    )
    await hear(world, newer)
    assert await orders(world) == [("unreachable", "over")]


async def test_who_has_no_meter_is_not_sought_at_one(world: World) -> None:
    stranger = delivered(account_id=uuid4(), at=world.now)
    await hear(world, failed(stranger, at=world.now))
    assert await orders(world) == []
