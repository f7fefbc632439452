"""What a provider settles, against webhooks, on PostgreSQL: what differs, and what comes of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ledger_clearing import ABOVE, Clearing
from ledger_settlements import Row
from ledger_town import Killed

from prepay_ledger.approvals.refusals import AnotherWaits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.payments.take_payment import PaymentConflict
from prepay_ledger.payments.values import PaymentOutcome
from prepay_ledger.providers.values import Kind
from prepay_ledger.settlements import refusals
from prepay_ledger.settlements.values import Action, State
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack


@pytest.fixture
async def clearing(own_database_url: str) -> AsyncGenerator[Clearing]:
    town = Clearing(own_database_url)
    await town.move_in()
    yield town
    await town.holds()
    await town.database.close()


def row(payment_id: str, micro: int = 100, **more: Any) -> Row:
    return Row(id=payment_id, micro=micro, **({"account": "town-0"} | more))


def back(payment_id: str, own: str, micro: int, **more: Any) -> Row:
    return Row(kind="refund", id=payment_id, own_id=own, micro=micro, **more)


async def test_what_agrees_differs_in_nothing_and_fees_and_payouts_are_posted(
    clearing: Clearing,
) -> None:
    day = clearing.first_day
    await clearing.pay("a", 100)
    await clearing.pay("b", 50, number="nobody")
    await clearing.tell("a", "r", 30)
    await clearing.next_day()
    rows = [row("a", fee_micro=3), row("b", 50, fee_micro=2), back("a", "r", 30, fee_micro=-1),
            Row(kind="fee", id="f", micro=0, fee_micro=5),
            Row(kind="payout", id="", micro=60, reference="po_1")]  # fmt: skip
    kept = await clearing.settles(day, *rows)
    assert await clearing.differences() == []
    owed = await clearing.owed()
    assert (owed.owed_micro, owed.in_transit_micro, owed.fees_micro) == (51, 60, 9)
    # Again, under another key: the same, and nothing more.
    again = await clearing.settles(day, *rows)
    assert (again.file.id, again.repeated) == (kept.file.id, True)
    # A revision posts what is other by it.
    with pytest.raises(refusals.RevisionNeedsReason):
        await clearing.settles(day, *rows[:2])
    second = await clearing.settles(day, *rows[:3], reason="the payout was of tomorrow")
    assert (second.file.revision, second.file.reason) == (2, "the payout was of tomorrow")
    owed = await clearing.owed()
    assert (owed.owed_micro, owed.in_transit_micro, owed.fees_micro) == (116, 0, 4)
    assert await clearing.differences() == []
    # The first one stays, and is known by its bytes and by its key.
    assert (await clearing.settles(day, *rows)).file.id == kept.file.id
    with pytest.raises(refusals.KeyUsedBefore):
        await clearing.settles(day, row("z"), key=kept.file.key)
    view = await clearing.queries.file(kept.file.id)
    assert view is not None
    assert not view.stands


async def test_a_day_that_is_not_over_is_refused(clearing: Clearing) -> None:
    with pytest.raises(refusals.SettledDayNotOver):
        await clearing.settles(clearing.first_day, row("a"))
    with pytest.raises(refusals.UnknownProvider):
        clearing.read_upload.terms_of("nobody")


async def test_missing_here_is_taken_by_the_way_of_webhooks_and_once(clearing: Clearing) -> None:
    day = clearing.first_day
    await clearing.next_day()
    await clearing.settles(day, row("a", fee_micro=3), row("b", 40, account=""), back("a", "r", 30))
    found = {each.finding.payment_id + each.finding.kind: each
             for each in await clearing.differences()}  # fmt: skip
    assert await clearing.states() == [("missing-here", "open")] * 3
    taken = await clearing.do(found["apayment"], Action.TAKE, key="k")
    assert (taken.state, taken.outcome, taken.reason) == (State.RESOLVED, "taken", "ticket 1")
    # The same again under its key; anything else under it; what is closed.
    assert await clearing.do(found["apayment"], Action.TAKE, key="k") == taken
    with pytest.raises(refusals.KeyUsedBefore):
        await clearing.do(found["bpayment"], Action.TAKE, key="k")
    with pytest.raises(refusals.DifferenceClosed):
        await clearing.do(found["apayment"], Action.ACCEPT)
    await clearing.do(found["bpayment"], Action.TAKE)
    await clearing.do(found["arefund"], Action.TAKE)
    assert (await clearing.balances(), await clearing.suspense()) == ([70, 0], 40)
    # The webhooks, late: of the same payment, and one that names the account at last.
    late = await clearing.pay("a", 100)
    assert (late.repeated, late.outcome) == (True, PaymentOutcome.CREDITED)
    await clearing.tell("a", "r", 30)
    await clearing.tell("a", "total", 30, total=True)
    placed = await clearing.pay("b", 40, number="town-0")
    assert (placed.repeated, placed.outcome) == (False, PaymentOutcome.CREDITED)
    assert (await clearing.pay("b", 40, number="town-0")).repeated
    with pytest.raises(PaymentConflict):
        await clearing.pay("b", 40, number="town-1")
    with pytest.raises(PaymentConflict):
        await clearing.pay("a", 101)
    assert (await clearing.balances(), await clearing.suspense()) == ([110, 0], 0)
    assert (await clearing.owed()).owed_micro == 107
    await clearing.follow()
    assert await clearing.differences() == []


async def test_a_late_webhook_closes_its_difference(clearing: Clearing) -> None:
    await clearing.next_day()
    await clearing.settles(clearing.first_day, row("a"), row("b"))
    await clearing.pay("a", 100)
    await clearing.pay("b", 90)
    await clearing.follow()
    first, second, third = await clearing.differences(unresolved=None)
    assert (first.state, first.reason) == (
        State.GONE, "its webhook came, or its file was replaced by one without it",
    )  # fmt: skip
    assert (second.state, second.reason) == (
        State.GONE, "it differs otherwise by now: other-amount",
    )  # fmt: skip
    assert third.finding.difference == "other-amount"
    # A person was faster than the job: nothing is taken twice.
    await clearing.pay("c", 10)
    await clearing.settles(clearing.first_day, row("a"), row("b"), row("c", 10), reason="r")
    assert len(await clearing.differences()) == 1


async def test_missing_there_only_once_the_day_after_is_settled_too(clearing: Clearing) -> None:
    day = clearing.first_day
    for payment_id in ("a", "b", "c"):
        await clearing.pay(payment_id)
    await clearing.next_day()
    await clearing.settles(day)
    assert await clearing.differences() == []
    await clearing.next_day()
    # One of the day's last minute stands in the next day's file.
    late = row("a", time=f"{day} 23:59:59")
    tomorrow = day + timedelta(days=1)
    await clearing.settles(tomorrow, late, row("z", 1))
    by_id = {each.finding.payment_id: each for each in await clearing.differences()}
    assert {name: each.finding.difference.value for name, each in by_id.items()} == {
        "b": "missing-there", "c": "missing-there", "z": "missing-here",
    }  # fmt: skip
    asked = await clearing.do(by_id["b"], Action.ASK, reason="mail of today")
    assert (asked.state, asked.reason) == (State.ASKED, "mail of today")
    with pytest.raises(refusals.NotSo):
        await clearing.do(by_id["b"], Action.TAKE)
    await clearing.next_day()
    await clearing.settles(tomorrow + timedelta(days=1), row("b"))
    found = await clearing.difference(by_id["b"].id)
    assert (found.state, found.reason) == (State.GONE, "a later file has it")
    # The other never came about: the account gives it back.
    await clearing.do(by_id["c"], Action.CORRECT)
    assert (await clearing.balances())[0] == 200
    await clearing.do(by_id["z"], Action.ACCEPT)
    await clearing.follow()
    assert await clearing.differences() == []


async def test_another_amount_is_corrected_or_accepted(clearing: Clearing) -> None:
    day = clearing.first_day
    for payment_id, number in (("a", "town-0"), ("b", "town-1"), ("c", "town-0"), ("d", "x")):
        if number != "town-1":
            await clearing.pay(payment_id, number=number)
    await clearing.next_day()
    await clearing.settles(day, row("a", 130), row("c", 60), row("d", 90))
    by_id = {each.finding.payment_id: each for each in await clearing.differences()}
    corrected = await clearing.do(by_id["a"], Action.CORRECT)
    assert (corrected.outcome, corrected.correction_micro) == ("corrected", 30)
    await clearing.do(by_id["c"], Action.CORRECT)
    await clearing.do(by_id["d"], Action.CORRECT)
    assert (await clearing.balances(), await clearing.suspense()) == ([190, 0], 90)
    assert (await clearing.owed()).owed_micro == 280
    # The provider corrects itself: what was corrected differs now.
    await clearing.settles(day, row("a", 100), row("c", 60), row("d", 90), reason="sent again")
    (again,) = await clearing.differences()
    assert (again.finding.their_micro, again.finding.our_micro) == (100, 130)
    accepted = await clearing.do(again, Action.ACCEPT, reason="a gift")
    assert accepted.outcome == "accepted"
    await clearing.follow()
    assert await clearing.differences() == []
    # More than is left of a payment cannot be taken back.
    await clearing.tell("c", "r", 90)
    await clearing.settles(
        day, row("a", 100), row("c", 1), row("d", 90), back("c", "r", 90), reason="once more"
    )
    (too_much,) = [each for each in await clearing.differences() if each.finding.kind == "payment"]
    with pytest.raises(refusals.NotSo, match="only"):
        await clearing.do(too_much, Action.CORRECT)
    assert await clearing.difference(too_much.id) == too_much


async def test_a_high_amount_takes_two_people(clearing: Clearing) -> None:
    await clearing.next_day()
    await clearing.settles(clearing.first_day, row("a", ABOVE + 1), row("b", ABOVE))
    high, low = await clearing.differences()
    await clearing.do(low, Action.TAKE)
    waiting = await clearing.ask_for(high, Action.TAKE, key="k")
    assert isinstance(waiting, Proposal)
    assert await clearing.ask_for(high, Action.TAKE, key="k") == waiting
    with pytest.raises(AnotherWaits):
        await clearing.ask_for(high, Action.TAKE, key="k-2", who="chen")
    with pytest.raises(NeedsSecondPerson):
        await clearing.approve(waiting, "li")
    with pytest.raises(Killed):
        await clearing.approve(waiting, dies=True)
    assert (await clearing.difference(high.id)).state is State.OPEN
    assert (await clearing.balances())[0] == ABOVE
    await clearing.approve(waiting)
    assert (await clearing.difference(high.id)).state is State.RESOLVED
    assert (await clearing.balances())[0] == 2 * ABOVE + 1
    assert await clearing.ask_for(high, Action.TAKE, key="k") is None
    view = await clearing.queries.difference(high.id)
    assert view is not None
    assert [each.who for each in view.steps] == ["li"]


async def test_many_small_ones_of_one_account_take_two_people(clearing: Clearing) -> None:
    clearing.resolve_terms = replace(clearing.resolve_terms, within=timedelta(days=1))
    await clearing.pay("c", 100)
    await clearing.pay("d", 100, number="nobody")
    await clearing.next_day()
    await clearing.settles(
        clearing.first_day, row("a", 700), row("b", 200, account="town-1"), row("c", 401),
        row("d", 900), row("e", 500, account="nobody"),
    )  # fmt: skip
    by_id = {each.finding.payment_id: each for each in await clearing.differences()}
    for free in ("a", "b", "d", "e"):
        action = Action.CORRECT if free == "d" else Action.TAKE
        assert await clearing.ask_for(by_id[free], action, key=free) is None, free
    assert await clearing.ask_for(by_id["c"], Action.ACCEPT, key="x", who="wu") is None
    revised = row("c", 402)
    await clearing.settles(
        clearing.first_day, row("a", 700), row("b", 200, account="town-1"), revised,
        row("d", 900), row("e", 500, account="nobody"), reason="again",
    )  # fmt: skip
    (more,) = await clearing.differences()
    assert isinstance(await clearing.ask_for(more, Action.CORRECT, key="c"), Proposal)
    assert await clearing.ask_for(more, Action.CORRECT, key="c-2", who="wu") is None


async def test_what_came_before_the_approval_is_not_taken_once_more(clearing: Clearing) -> None:
    await clearing.next_day()
    await clearing.settles(clearing.first_day, row("a", ABOVE + 1))
    (found,) = await clearing.differences()
    waiting = await clearing.ask_for(found, Action.TAKE, key="k")
    assert isinstance(waiting, Proposal)
    await clearing.pay("a", ABOVE + 1)
    with pytest.raises(refusals.DifferenceClosed, match="its webhook came"):
        await clearing.approve(waiting)
    assert (await clearing.balances())[0] == ABOVE + 1


async def test_disputes_twice_there_other_currency_and_unknown_lines(clearing: Clearing) -> None:
    day = clearing.first_day
    await clearing.pay("a")
    await clearing.tell("a", "d", 100, kind=Kind.DISPUTED)
    await clearing.next_day()
    await clearing.settles(
        day, row("a"), row("a"), Row(kind="chargeback", id="a", own_id="d", micro=100),
        Row(kind="won", id="a", own_id="d", micro=100), Row(kind="loan", id="", micro=7),
    )  # fmt: skip
    found = {each.finding.difference.value: each for each in await clearing.differences()}
    assert set(found) == {"missing-here", "twice-there", "unknown-line"}
    assert found["missing-here"].finding.kind == "chargeback-won"
    await clearing.do(found["missing-here"], Action.TAKE)
    assert (await clearing.balances())[0] == 100
    with pytest.raises(refusals.NotSo):
        await clearing.do(found["twice-there"], Action.TAKE)
    await clearing.do(found["twice-there"], Action.ASK)
    await clearing.settles(day, row("a"), reason="without what is wrong")
    closed = await clearing.difference(found["twice-there"].id)
    assert (closed.state, closed.reason) == (State.GONE, "both sides agree by now")


async def test_a_webhook_at_the_same_moment_is_credited_once(clearing: Clearing) -> None:
    await clearing.next_day()
    names = [f"p{at}" for at in range(8)]
    await clearing.settles(clearing.first_day, *(row(each) for each in names))
    found = await clearing.differences()

    async def take(difference: Any) -> None:
        with suppress(refusals.DifferenceClosed):
            await clearing.do(difference, Action.TAKE)

    webhooks = [clearing.pay(each) for each in names]
    await asyncio.gather(*(take(each) for each in found), *webhooks, clearing.follow())
    await clearing.follow()
    assert await clearing.balances() == [800, 0]
    assert await clearing.differences() == []
    assert (await clearing.owed()).owed_micro == 800


async def test_what_dies_halfway_leaves_nothing_behind(clearing: Clearing) -> None:
    day = clearing.first_day

    @asynccontextmanager
    async def dying() -> AsyncGenerator[Any]:
        async with clearing.unit() as unit:
            yield unit
            raise Killed

    await clearing.next_day()
    rows = [row("a", fee_micro=3), Row(kind="payout", id="", micro=60, reference="po")]
    with pytest.raises(Killed):
        await clearing.settles(day, *rows, key="k", open_unit=dying)
    assert (await clearing.queries.owed(["p"]), await clearing.differences()) == ([], [])
    assert not (await clearing.settles(day, *rows, key="k")).repeated
    (found,) = await clearing.differences()
    with pytest.raises(Killed):
        await clearing.do(found, Action.TAKE, key="t", open_unit=dying)
    assert (await clearing.balances())[0] == 0
    await clearing.do(found, Action.TAKE, key="t")
    await clearing.do(found, Action.TAKE, key="t")
    assert (await clearing.balances())[0] == 100
    assert (await clearing.owed()).owed_micro == 37
