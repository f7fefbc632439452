"""What a class's policy says of warnings, small loads, conversion, notices and dues, obeyed on
PostgreSQL."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import pytest
from ledger_devices import publish
from ledger_place import Place
from ledger_scratch import Scratch
from ledger_town import Town
from ledger_world import MONTH_AGO

from prewatt_common.contracts.notice_events_v1 import NoticeDelivered, NoticeFailed, Proof

pytestmark = pytest.mark.stack


@pytest.fixture
async def place(own_database_url: str) -> AsyncGenerator[Place]:
    scratch = Scratch(own_database_url)
    made = Place(scratch)
    await made.begin()
    yield made
    await made.end()
    await scratch.database.close()


async def test_limits_in_money_and_in_shares_of_the_last_top_up_are_told_once_each(
    place: Place,
) -> None:
    """The household's own limit is 5; it has 100 and topped up 100."""
    await place.policy(warnings={"below_micro": [60, 20], "below_topup_ppm": [300_000]})
    assert await place.told() == []
    await place.post(0, -45)
    assert await place.told() == [(60, "money", None)]
    await place.post(0, -10)
    assert len(await place.told()) == 1
    await place.post(0, -20)
    assert (await place.told())[1:] == [(30, "topup", 300_000)]
    await place.post(0, -22)
    assert (await place.told())[2:] == [(5, "account", None)]
    # 53 again: above 30 % of the last top-up, which is another now.
    await place.post(0, 50)
    assert (await place.account())["told"] == "money:60"
    await place.post(0, -39)
    assert (await place.told())[3:] == [(15, "topup", 300_000)]
    assert await place.state() == "warned"


async def test_days_left_follow_the_use_and_are_looked_at_once_a_day(place: Place) -> None:
    household = place.households[0]
    await place.scratch.sql(
        "INSERT INTO charge_state (agreement_id, period_first, period_end, account_id, version, "
        "energy, standing_days, posted, posted_micro, energy_wh, day) "
        "VALUES ($1, $2, $3, $4, 1, '{}', 0, '{}', 300, 0, $2)",
        uuid4(),
        MONTH_AGO.date(),
        place.now.date() + timedelta(days=1),
        household.id,
    )
    await place.policy(warnings={"days_left": [7, 3]})
    # 300 in 30 days: 10 a day, and 100 is left.
    assert (await place.account())["review_at_micro"] == 70
    await place.post(0, -30)
    assert await place.told() == [(70, "days_left", 7)]
    again = (await place.account())["recheck_at"]
    assert timedelta() < again - place.now <= timedelta(hours=18)
    # The use is twice as much: 70 are three days and a half, which is told the next day.
    await place.scratch.sql("UPDATE charge_state SET posted_micro = 800")
    await place.pass_time(24 * 3_600)
    assert (await place.told())[1:] == [(75, "days_left", 3)]


async def test_who_uses_next_to_nothing_is_not_cut(place: Place) -> None:
    await place.policy(small_load={"below_wh": 3_000, "days": 3})
    await place.use(0, 1, 2_000)
    await place.use(1, 1, 2_000)
    await place.use(1, 3, 1_000)
    await place.use(0, 4, 90_000)
    for number in (0, 1):
        await place.post(number, -100)
    assert (await place.state(0), await place.held(0)) == ("pending", ["small_load"])
    assert await place.state(1) == "disconnecting"
    # On the next day what it used yesterday counts.
    await place.use(0, 0, 5_000)
    await place.days(1)
    assert await place.state(0) == "disconnected"


async def test_days_of_grace_after_the_conversion(place: Place) -> None:
    """They signed thirty days ago."""
    await place.policy(grace_days_after_conversion=31)
    await place.post(0, -100)
    assert (await place.state(), await place.held()) == ("pending", ["grace_after_conversion"])
    await place.days(0.9)
    assert await place.state() == "pending"
    await place.days(0.2)
    assert await place.state() == "disconnected"


async def test_nobody_is_cut_before_a_notice_was_delivered_long_enough_ago(place: Place) -> None:
    await place.policy(evidence={"low_balance_notice_minutes": 60})
    await place.post(0, -96)
    await place.post(0, -4)
    assert (await place.state(), await place.held()) == ("pending", ["not_notified"])
    await place.pass_time(7_200)
    assert await place.state() == "pending"
    notice = {
        "notice_id": uuid4(),
        "account_id": place.households[0].id,
        "template": "low-balance",
        "channel": "sms",
        "cause_id": str(uuid4()),
        "at": place.now,
    }
    async with place.scratch.unit() as unit:
        await unit.evidence.add_delivered(
            [NoticeDelivered(**notice, proof=Proof.RECEIPT)], now=place.now
        )
    await place.terms(place.households[0])
    assert await place.state() == "pending"
    await place.pass_time(3_601)
    assert await place.state() == "disconnecting"
    # It bounces while the cut is out: that is called back.
    async with place.scratch.unit() as unit:
        failed = NoticeFailed(**notice | {"at": place.now}, reason="no such number")
        await unit.evidence.take_back_failed([failed], now=place.now)
    await place.terms(place.households[0])
    assert (await place.state(), await place.held()) == ("pending", ["not_notified"])
    await place.carried_out()
    assert not place.devices[0].is_open


async def test_a_share_of_the_dues_brings_supply_back_for_its_days(place: Place) -> None:
    await place.policy(coming_back={"dues_share_ppm": 400_000, "dues_days": 10})
    await place.post(0, -1_100)
    await place.carried_out()
    assert await place.state() == "disconnected"
    await place.post(0, 399)
    assert await place.state() == "disconnected"
    await place.post(0, 1)
    assert await place.state() == "reconnecting"
    await place.carried_out()
    assert await place.state() == "warned"
    await place.post(0, -399)
    assert await place.state() == "warned"
    await place.pass_time(10 * 24 * 3_600 - 60)
    assert await place.state() == "warned"
    await place.pass_time(120)
    assert await place.state() == "disconnecting"
    # What is owed is less by what was paid, and the share with it.
    await place.carried_out()
    assert (await place.account())["owed_micro"] == 999


async def test_what_is_imported_under_such_a_policy_is_warned_by_it(own_database_url: str) -> None:
    town = Town(own_database_url, count=2)
    limit_micro = 10**9 // 2
    async with town.unit() as unit:
        policy = {"default": {"warnings": {"below_micro": [limit_micro]}}}
        await publish(unit, policy, at=MONTH_AGO)
    await town.settle(town.begin.date())
    rows = await town.sql("SELECT review_at_micro FROM account")
    assert [row["review_at_micro"] for row in rows] == [limit_micro] * 2
    await town.database.close()
