"""Money goes back to its payment by its provider, once, and leaves the account once: whatever comes
first, and wherever the ledger dies."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_backs import PAID_MICRO, Giving, giving
from ledger_refunds import TWO
from ledger_settlements import Row
from ledger_town import Dying, Killed

from prepay_ledger.approvals.values import Proposal
from prepay_ledger.payments.take_movement import MovementConflict
from prepay_ledger.providers.values import Kind
from prepay_ledger.refunds.postgres_queries import RefundQueries
from prepay_ledger.refunds.refusals import KeyUsedBefore, RefundNotSo, RefundRefused
from prepay_ledger.refunds.values import Refund
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Giving]:
    async with giving(own_database_url) as made:
        yield made


async def test_it_is_asked_once_and_its_event_ends_it(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    assert isinstance(refund, Refund)
    assert await town.back(left) == refund
    assert refund.payee.holder == "p/p-0"
    with pytest.raises(KeyUsedBefore):
        await town.back(left - 1)
    assert await town.has() == (0, left, 0)
    await town.send()
    assert await town.known(refund) == ("in-transit", "accepted", "")
    with pytest.raises(RefundNotSo, match="has not told what came of it"):
        await town.cancel(refund)
    with pytest.raises(RefundNotSo, match="goes by the provider"):
        await town.hand(refund)
    assert await town.has() == (0, left, 0)
    assert not await town.hears(refund)
    for names in (True, False):
        assert await town.hears(refund, names=names)
    assert await town.known(refund) == ("paid", "done", "")
    assert await town.has() == (0, 0, left)
    await town.send()
    assert town.giver.calls == [str(refund.id)]
    steps = await town.refunds.steps(refund.id, before=None, limit=9)
    assert [(each.action, each.decided.by) for each in steps] == [("pay", "p"), ("order", "li")]
    # Nobody was told that a payment was taken back: nothing was.
    told = await town.sql("SELECT count(*) AS n FROM journal WHERE kind = 'taken-back'")
    assert told[0]["n"] == 0
    (paid,) = await town.sql("SELECT taken_back_micro FROM payment WHERE payment_id = 'p-0'")
    assert paid["taken_back_micro"] == left


@pytest.mark.parametrize("names", [True, False])
async def test_its_event_comes_before_the_answer(town: Giving, names: bool) -> None:
    left = await town.moves_out()
    refund = await town.back(left)

    async def tells() -> None:
        assert not await town.hears(refund, names=names)
        # Not named, it may be anybody's: the account pays until the answer names it.
        assert await town.has() == ((0, 0, left) if names else (-left, left, left))

    town.giver.before_answer = tells
    await town.send()
    assert await town.has() == (0, 0, left)
    assert await town.known(refund) == ("paid", "done", "")
    assert await town.hears(refund, names=not names)
    assert await town.has() == (0, 0, left)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("units", range(4))
async def test_whoever_dies_asks_the_same_again(town: Giving, units: int, inside: bool) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    dying = Dying(town, after=units, inside=inside)
    with pytest.raises(BaseException) as died:
        await town.send(dying)
    assert isinstance(died.value, Killed) or died.group_contains(Killed)
    assert await town.has() == (0, left, 0)
    await town.send()
    assert list(town.giver.given) == [str(refund.id)]
    assert set(town.giver.calls) == {str(refund.id)}
    assert len(town.giver.calls) == (2 if units == 3 else 1)
    assert await town.known(refund) == ("in-transit", "accepted", "")
    await town.hears(refund)
    assert await town.has() == (0, 0, left)


async def test_what_is_refused_goes_another_way(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    town.giver.answers = (422, {"error": {"code": "too_old"}})
    await town.send()
    assert await town.known(refund) == ("cancelled", "refused", "too_old")
    assert await town.has() == (left, 0, 0)
    (step, _) = await town.refunds.steps(refund.id, before=None, limit=9)
    assert (step.decided.by, step.decided.reason) == ("p", "it has refused: too_old")
    await town.send()
    assert len(town.giver.calls) == 1
    bank = await town.order(left, key="k-2")
    assert await town.has() == (0, left, 0)
    assert await town.cancel(bank) == replace(bank, state="cancelled")


async def test_silence_is_asked_again_and_then_looked_at_by_a_person(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    town.giver.answers = (500, {})
    await town.send()
    assert await town.known(refund) == ("in-transit", "sending", "answered 500")
    await town.send()
    assert town.giver.calls == [str(refund.id)] * 2
    # It has it after all, but its answers are lost.
    town.giver.given[str(refund.id)] = (b"", "re_9")
    town.at += timedelta(hours=20)
    await town.send()
    assert await town.known(refund) == ("in-transit", "unanswered", "answered 500")
    await town.send()
    assert len(town.giver.calls) == 2
    cancelled = await town.cancel(refund)
    assert (cancelled.state, cancelled.provider_state) == ("cancelled", "refused")
    assert await town.has() == (left, 0, 0)
    # It went all the same.
    await town.hears(refund)
    assert await town.known(refund) == ("paid", "done", "")
    assert await town.has() == (0, 0, left)
    await town.hears(refund, Kind.REFUND_FAILED)
    assert (await town.known(refund))[0] == "returned"
    assert await town.has() == (left, 0, 0)


@pytest.mark.parametrize("first", [Kind.REFUNDED, Kind.REFUND_FAILED])
async def test_what_comes_back_is_the_accounts_again(town: Giving, first: Kind) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    await town.send()
    await town.hears(refund, first)
    await town.hears(refund, {Kind.REFUNDED, Kind.REFUND_FAILED}.difference({first}).pop())
    came_back = "returned" if first is Kind.REFUNDED else "cancelled"
    assert (await town.known(refund))[0] == came_back
    assert await town.has() == (left, 0, 0)
    # It may go to the same payment once more.
    again = await town.back(left, key="k-2")
    assert await town.has() == (0, left, 0)
    await town.cancel(again)


async def test_much_goes_back_by_two(town: Giving) -> None:
    await town.moves_out()
    town.approvals = TWO
    proposal = await town.back(600)
    assert isinstance(proposal, Proposal)
    assert proposal.act.parameters["payment"] == str(await town.payment())
    assert await town.back(600) == proposal
    await town.send()
    assert town.giver.calls == []
    await town.approve(proposal)
    refund = await town.back(600)
    assert (refund.state, refund.provider_state) == ("in-transit", "requested")
    await town.send()
    await town.hears(refund)
    assert (await town.known(refund))[0] == "paid"


async def test_no_more_goes_back_than_is_left_of_the_payment(town: Giving) -> None:
    await town.pay("p-1", 5_000)
    await town.pay("p-9", 5_000, number="town-1")
    left = await town.moves_out()
    assert left > 5_000
    with pytest.raises(RefundRefused, match="does not have that payment's money"):
        await town.back(5_000, payment_id="p-9")
    with pytest.raises(RefundRefused, match="5000 micro-units are left"):
        await town.back(5_001, payment_id="p-1")
    first = await town.back(2_000)
    with pytest.raises(RefundRefused, match="is under way"):
        await town.back(1_000, key="k-2")
    await town.send()
    # Of another amount it is no answer to what we asked.
    with pytest.raises(MovementConflict, match="asked for 2000 micro-units, not 1999"):
        await town.hears(first, micro=1_999)
    await town.hears(first)
    before = await town.has()
    # Somebody gives back more of it at the provider's: that is the account's.
    await town.tell("p-0", "re_dashboard", 3_000)
    assert await town.has() == (before[0] - 3_000, 0, before[2] + 3_000)
    await town.tell("p-1", "re_dashboard", 4_999)
    with pytest.raises(RefundRefused, match="of that payment 1 micro-units are left"):
        await town.back(2, key="k-2", payment_id="p-1")


async def test_a_dispute_and_a_refund_leave_what_was_paid(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    await town.send()
    await town.tell("p-0", "dp_1", PAID_MICRO, kind=Kind.DISPUTED)
    await town.hears(refund)
    # More went than was paid; what was paid is moved, and a person looks at the rest.
    assert await town.has() == (left - PAID_MICRO, 0, PAID_MICRO)
    await town.tell("p-0", "dp_1", PAID_MICRO, kind=Kind.DISPUTE_WON)
    assert await town.has() == (0, 0, left)


@pytest.mark.parametrize("status", ["succeeded", "failed"])
@pytest.mark.parametrize("looked_up", [True, False])
async def test_an_answer_that_tells_the_end_is_as_good_as_its_event(
    town: Giving, status: str, looked_up: bool
) -> None:
    town.asks = "stripe"
    left = (await town.moves_out()) // 10_000 * 10_000
    refund = await town.back(left)
    town.giver.status = "pending" if looked_up else status
    await town.send()
    if looked_up:
        assert await town.known(refund) == ("in-transit", "accepted", "")
        town.giver.status = status
        await town.send()
        assert town.giver.looks == ["re_0"]
    went = status == "succeeded"
    assert (await town.known(refund))[0] == ("paid" if went else "cancelled")
    now = await town.has()
    assert now[1:] == (0, left if went else 0)
    assert await town.hears(refund, Kind.REFUNDED if went else Kind.REFUND_FAILED)
    assert await town.has() == now
    assert town.giver.calls == [str(refund.id)]


async def test_what_the_provider_cannot_be_asked_is_refused(town: Giving) -> None:
    town.asks = "stripe"
    left = await town.moves_out()
    with pytest.raises(RefundRefused, match="no whole number of what p counts in"):
        await town.back(10_001)
    town.asks = ""
    with pytest.raises(RefundRefused, match="PREWATT_REFUNDERS names no p"):
        await town.back(10_000)
    assert await town.has() == (left, 0, 0)


async def test_the_providers_file_has_it_too(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    await town.send()
    await town.hears(refund)
    day = town.at.date()
    await town.next_day(2)
    rows = [
        Row(id="p-0", micro=PAID_MICRO, account="town-0"),
        Row(kind="refund", id="p-0", own_id="re_0", micro=left),
    ]
    await town.settles(day, *rows)
    await town.settles(day + timedelta(days=1))
    await town.follow()
    assert await town.differences() == []


@pytest.mark.parametrize("more_micro", [-10_000, 20_000])
@pytest.mark.parametrize("by_event", [True, False])
async def test_another_amount_is_taken_for_it_by_two_people_and_moves_then(
    town: Giving, more_micro: int, by_event: bool
) -> None:
    town.asks = "stripe"
    left = await town.moves_out()
    asked = left // 10_000 * 10_000 - 40_000
    given = asked + more_micro
    refund = await town.back(asked)
    rest = left - asked
    await town.send()
    if by_event:
        assert await town.given(refund, given) == "conflict"
    else:
        town.giver.status, town.giver.gives = "succeeded", given // 10_000
        await town.send()
    state, provider_state, code = await town.known(refund)
    assert (state, provider_state) == ("in-transit", "other-amount")
    assert f"asked for {asked} micro-units, not {given}" in code
    assert (await town.found(refund)).given_micro == given
    assert await RefundQueries(town.database).count_unanswered() == 1
    assert await town.has() == (rest, asked, 0), "nothing moves yet"
    with pytest.raises(RefundNotSo, match="take that for it"):
        await town.cancel(refund)
    calls = len(town.giver.calls) + len(town.giver.looks)
    await town.send()
    assert len(town.giver.calls) + len(town.giver.looks) == calls
    proposal = await town.accepts(refund)
    assert isinstance(proposal, Proposal)
    assert (proposal.act.amount_micro, proposal.act.parameters["asked_micro"]) == (given, asked)
    assert await town.accepts(refund) == proposal
    with pytest.raises(NeedsSecondPerson):
        await town.approve(proposal, "li")
    assert await town.has() == (rest, asked, 0)
    await town.approve(proposal)
    assert await town.known(refund) == ("paid", "done", "")
    assert await town.has() == (rest - more_micro, 0, given)
    assert (await town.accepts(refund)).state == "paid"
    # Its event, now or again, is a repetition; and it may come back, as much as went.
    assert await town.given(refund, given) == "repeated"
    assert await town.has() == (rest - more_micro, 0, given)
    assert await town.given(refund, given, kind=Kind.REFUND_FAILED) == "taken-back"
    assert await town.has() == (left, 0, 0)


async def test_whoever_dies_in_the_approval_has_moved_nothing(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    await town.send()
    await town.given(refund, left - 7)
    proposal = await town.accepts(refund)
    dying = Dying(town, after=0, inside=True)
    with pytest.raises(Killed):
        await town.approve(proposal, open_unit=dying)
    assert await town.has() == (0, left, 0)
    await town.approve(proposal)
    assert await town.has() == (7, 0, left - 7)


async def test_the_right_amount_told_later_needs_nobody(town: Giving) -> None:
    left = await town.moves_out()
    refund = await town.back(left)
    await town.send()
    await town.given(refund, left - 7)
    proposal = await town.accepts(refund)
    await town.hears(refund)
    assert await town.known(refund) == ("paid", "done", "")
    assert await town.has() == (0, 0, left)
    with pytest.raises(RefundNotSo):
        await town.approve(proposal)
    assert await town.has() == (0, 0, left)
