"""A cashier's day on PostgreSQL: counted, closed, handed over, received; raced and killed."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_desk import Desk, a_desk, does_it
from ledger_town import ONE_PERSON

from prepay_ledger.cashiers.postgres_queries import CashQueries
from prepay_ledger.cashiers.refusals import (
    CountDecided,
    DayCounted,
    DifferenceUnexplained,
    OtherCash,
    OtherRequest,
    Received,
    SlipHandedOver,
    UnknownCashDay,
)
from prepay_ledger.cashiers.values import CashDay, DayState, OutcomeAction
from prepay_ledger.vending.fund_vendor import fund_vendor
from prepay_ledger.vending.refusals import (
    CashIsHandedOver,
    DrawerCounted,
    DutiesNotSeparate,
    EarlierDayOpen,
)
from prepay_ledger.vending.values import Funding, Means, Tender
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

desk = pytest.fixture(a_desk)
CLEARING = "clearing:vendor/desk-1"


async def test_a_day_is_closed_handed_over_and_received_to_zero(desk: Desk) -> None:
    await desk.sell(70)
    await desk.void(await desk.sell(20))
    await desk.sell(5, tender=Tender.CARD)
    day = await desk.count(70, key="c1")
    assert (day.state, day.expected_micro) == (DayState.CLOSED, 70)
    assert await desk.count(70, key="c1") == day
    assert await desk.books() == {CLEARING: -5, "cash-in-hand:li": -70}
    with pytest.raises(OtherCash, match="70 micro-units"):
        await desk.hand_over(60)
    watched = CashQueries(desk.database)
    assert await watched.on_its_way_since() is None
    way = await desk.hand_over(70)
    assert await watched.on_its_way_since() == way.at
    assert await desk.books() == {CLEARING: -5, "cash-in-transit:li": -70}
    assert await desk.hand_over(70) == way
    come = await desk.receive(way, 70)
    assert await watched.on_its_way_since() is None
    assert await desk.receive(way, 70) == come
    assert await desk.hand_over(70) == come
    assert await desk.books() == {CLEARING: -5, "bank": -70}
    assert (await desk.count(70, key="c1")).state is DayState.HANDED_OVER
    await desk.holds()


async def test_a_difference_is_closed_by_a_second_person_alone(desk: Desk) -> None:
    await desk.sell(70)
    with pytest.raises(DifferenceUnexplained):
        await desk.count(68)
    assert await desk.sql("SELECT FROM cash_count") == []
    day = await desk.count(68, reason="a note was false")
    assert day.state is DayState.COUNTED
    assert await desk.books() == {CLEARING: -70}
    with pytest.raises(OtherCash):
        await desk.hand_over(68)
    with pytest.raises(NeedsSecondPerson):
        await desk.decide(day, OutcomeAction.CLOSED, by="li")
    with pytest.raises(DutiesNotSeparate):
        await desk.decide(day, OutcomeAction.CLOSED, by="chen")
    accepted = await desk.decide(day, OutcomeAction.CLOSED)
    assert accepted.state is DayState.CLOSED
    assert await desk.decide(day, OutcomeAction.CLOSED) == accepted
    with pytest.raises(CountDecided):
        await desk.decide(day, OutcomeAction.SENT_BACK, by="zhao")
    assert await desk.books() == {"cash-in-hand:li": -68, "cash-over-short": -2}
    way = await desk.hand_over(68, person="wang")
    with pytest.raises(NeedsSecondPerson):
        await desk.receive(way, 68, by="li")
    with pytest.raises(DifferenceUnexplained):
        await desk.receive(way, 67)
    await desk.receive(way, 67, reason="a coin is missing")
    with pytest.raises(Received):
        await desk.receive(way, 68, key="r2")
    assert await desk.books() == {"cash": -67, "cash-over-short": -3}
    await desk.holds()


async def test_who_counted_for_another_does_not_accept(desk: Desk) -> None:
    await desk.sell(70)
    day = await desk.count(68, by="boss", reason="li is ill")
    with pytest.raises(NeedsSecondPerson):
        await desk.decide(day, OutcomeAction.CLOSED, by="boss")
    assert (await desk.decide(day, OutcomeAction.CLOSED)).state is DayState.CLOSED


async def test_a_count_that_is_sent_back_opens_the_day_until_it_is_counted_anew(desk: Desk) -> None:
    mistyped = await desk.sell(70)
    day = await desk.count(68, reason="typed 70 for 68", key="c1")
    with pytest.raises(DrawerCounted):
        await desk.void(mistyped)
    back = await desk.decide(day, OutcomeAction.SENT_BACK)
    assert back.state is DayState.OPEN
    await desk.void(mistyped)
    await desk.sell(68)
    closed = await desk.count(68, key="c2")
    assert closed.state is DayState.CLOSED
    with pytest.raises(OtherRequest):
        await desk.count(67, key="c2")
    with pytest.raises(CountDecided):
        await desk.decide(day, OutcomeAction.CLOSED, key="d2")
    with pytest.raises(DayCounted):
        await desk.count(68, key="c3")
    assert await desk.books() == {"cash-in-hand:li": -68}


async def test_after_the_count_nothing_is_sold_or_voided_in_that_drawer(desk: Desk) -> None:
    sold, of_chen = await desk.sell(70), await desk.sell(10, by="chen")
    await desk.count(70)
    with pytest.raises(DrawerCounted, match="li has counted"):
        await desk.sell(1)
    for who in ("li", "chen", "boss"):
        with pytest.raises(DrawerCounted):
            await desk.void(sold, by=who)
    with pytest.raises(DrawerCounted):
        await desk.void(of_chen, by="li")
    await desk.sell(2, by="chen")
    await desk.void(of_chen, by="chen")
    assert await desk.books() == {CLEARING: -2, "cash-in-hand:li": -70}
    desk.at += timedelta(days=1)
    await desk.sell(1)


async def test_whoever_left_a_day_open_counts_it_before_selling(desk: Desk) -> None:
    await desk.sell(70)
    first = desk.business_day
    desk.at += timedelta(days=1)
    with pytest.raises(EarlierDayOpen, match=str(first)):
        await desk.sell(1)
    await desk.sell(1, by="chen")
    await desk.count(69, on=first, reason="short")  # what waits for a second person stops nobody
    await desk.sell(3)
    with pytest.raises(UnknownCashDay):
        await desk.count(0, on=first - timedelta(days=1))
    with pytest.raises(UnknownCashDay):
        await desk.count(0, on=desk.business_day + timedelta(days=1))
    assert await desk.books() == {CLEARING: -74}


async def test_a_day_without_sales_is_closed_too_and_then_is_over(desk: Desk) -> None:
    assert (await desk.count(0)).state is DayState.CLOSED
    with pytest.raises(DrawerCounted):
        await desk.sell(1)
    assert await desk.books() == {}
    await desk.holds()


async def test_a_slip_is_handed_over_with_once_and_cash_is_not_paid_in_beside_it(
    desk: Desk,
) -> None:
    await desk.sell(70)
    await desk.count(70)
    await desk.hand_over(70)
    desk.at += timedelta(days=1)
    await desk.sell(8)
    await desk.count(8)
    with pytest.raises(SlipHandedOver):
        await desk.hand_over(8, key="h2")
    with pytest.raises(OtherRequest):
        await desk.hand_over(8, slip="DEP-2")
    paid_in = Funding(
        id=new_id(), key="f", amount_micro=8, means=Means.CASH, reference="x", who="w",
        journal_id=0, at=desk.at,
    )  # fmt: skip
    with pytest.raises(CashIsHandedOver):
        async with desk.unit() as unit:
            await fund_vendor(unit=unit, code="desk-1", asked=paid_in, terms=ONE_PERSON)
    await desk.hand_over(8, key="h2", slip="DEP-2")
    assert await desk.books() == {"cash-in-transit:li": -78}


async def test_sales_that_race_with_the_count_are_counted_or_refused(desk: Desk) -> None:
    """Many tills of one person: each sale is in what is expected, or was not taken."""
    await desk.sell(70)
    results = await asyncio.gather(
        *(desk.sell(1, key=f"s{number}") for number in range(6)),
        desk.count(0, reason="drill"),
        *(desk.sell(1, key=f"t{number}") for number in range(6)),
        return_exceptions=True,
    )
    sold = refused = 0
    (day,) = [each for each in results if isinstance(each, CashDay)]
    for each in results:
        if isinstance(each, DrawerCounted):
            refused += 1
        elif not isinstance(each, CashDay):
            assert not isinstance(each, BaseException), each
            sold += 1
    assert sold + refused == 12
    assert day.expected_micro == 70 + sold
    assert await desk.books() == {CLEARING: -70 - sold}


async def test_two_who_decide_or_receive_at_once_do_it_once(desk: Desk) -> None:
    await desk.sell(70)
    day = await desk.count(68, reason="short")
    decided = await asyncio.gather(
        *(desk.decide(day, OutcomeAction.CLOSED, by=f"w{n}") for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in decided) == ["CashDay", *["CountDecided"] * 3]
    ways = await asyncio.gather(
        *(desk.hand_over(68, key=f"h{n}", slip=f"D{n}") for n in range(4)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in ways) == ["HandOver", *["OtherCash"] * 3]
    assert await desk.books() == {"cash-in-transit:li": -68, "cash-over-short": -2}


_DIES = """
import asyncio, sys
from ledger_desk import Desk, does_it
from prepay_ledger.cashiers.postgres import PostgresCash
from prepay_ledger.journal.postgres import PostgresJournals
from prepay_ledger.vending.postgres import PostgresVendors
from datetime import datetime

url, at, does, dies = sys.argv[1:]

async def hang(self, *args, **kwargs):
    result = await original(self, *args, **kwargs)
    print("here", flush=True)
    await asyncio.sleep(600)
    return result

for store in (PostgresCash, PostgresJournals, PostgresVendors):
    if hasattr(store, dies):
        original = getattr(store, dies)
        setattr(store, dies, hang)

async def main():
    desk = Desk(url)
    desk.at = datetime.fromisoformat(at)
    await does_it(desk, does)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("does", "dies"),
    [
        ("count", "put_sold"),
        ("hand_over", "put_state"),
        ("accept", "put_sold"),
        ("send_back", "put_state"),
        ("receive", "add_receipt"),
        *(
            pytest.param(does, dies, marks=pytest.mark.chaos)
            for does, dies in (
                ("count", "add_count"),
                ("count", "post"),
                ("count", "add_outcome"),
                ("count", "put_state"),
                ("hand_over", "post"),
                ("hand_over", "add_hand_over"),
                ("accept", "post"),
                ("accept", "add_outcome"),
                ("accept", "put_state"),
                ("send_back", "add_outcome"),
                ("receive", "post"),
            )
        ),
    ],
)
async def test_killed_in_the_middle_nothing_is_done_and_asked_again_it_is_done(
    desk: Desk, does: str, dies: str
) -> None:
    """By SIGKILL, after each write."""
    await desk.sell(70)
    match does:
        case "hand_over" | "receive":
            await desk.count(70, key="c1")
        case "accept" | "send_back":
            await desk.count(68, key="c1", reason="short")
        case _:
            pass
    if does == "receive":
        await desk.hand_over(70)
    before = await desk.books()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DIES, str(desk.url), desk.at.isoformat(), does, dies,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"here\n"
    process.kill()
    await process.wait()
    assert await desk.books() == before
    await does_it(desk, does)
    assert (
        await desk.books()
        == {
            "count": {"cash-in-hand:li": -70},
            "hand_over": {"cash-in-transit:li": -70},
            "accept": {"cash-in-hand:li": -68, "cash-over-short": -2},
            "send_back": {CLEARING: -70},
            "receive": {"bank": -70},
        }[does]
    )
    await desk.holds()
