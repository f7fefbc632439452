"""What an account that moved out has left is paid out, once, and comes back where it must."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_bank import mt940
from ledger_refunds import TO, TWO, Leaving, leaving_town
from ledger_town import Dying, Killed
from test_ledger_payouts_stack import OURS

from prepay_ledger.approvals.refusals import AnotherWaits, ProposalDecided
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.refunds.refusals import KeyUsedBefore, RefundNotSo, RefundRefused
from prepay_ledger.refunds.values import Payee, Refund, RefundState, Way
from prewatt_common.refusals import NeedsSecondPerson, Refusal

pytestmark = pytest.mark.stack

town = pytest.fixture(leaving_town)
DAYS = timedelta(days=1)


async def test_nothing_leaves_before_the_last_charge_is_known(town: Leaving) -> None:
    with pytest.raises(RefundRefused, match="a tariff charges the account still"):
        await town.order(100)
    await town.ends()
    with pytest.raises(RefundRefused, match="meters serve the account still: m0"):
        await town.order(100)
    await town.leaves(register_wh=None)
    with pytest.raises(RefundRefused, match="final readings are not known of: m0"):
        await town.order(100)
    before = await town.account()
    await town.read(30, [0], wh=250)
    account_id, left_micro = await town.account()
    assert left_micro < before[1]
    found = await town.refunds.ground(account_id, today=town.at.date(), now=town.at)
    assert found.ground.refundable_micro == left_micro
    with pytest.raises(RefundRefused, match=f"{left_micro} micro-units are left"):
        await town.order(left_micro + 1)
    told = await town.sql("SELECT count(*) FROM decision")
    refund = await town.order(left_micro)
    assert isinstance(refund, Refund)
    assert await town.stands() == (0, left_micro, 0)
    # Nobody is warned that the balance is used up.
    assert await town.sql("SELECT count(*) FROM decision") == told


async def test_it_goes_by_the_bank_and_its_line_ends_it(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    assert await town.order(left) == refund
    with pytest.raises(KeyUsedBefore):
        await town.order(left - 1)
    with pytest.raises(KeyUsedBefore):
        await town.order(left, to=Payee(holder="Somebody", bank_account=TO.bank_account))
    line = await town.went(refund)
    assert (line.state, line.open) == ("refund", False)
    now = await town.found(refund)
    assert (now.state, now.paid_by) == (RefundState.PAID, line.id)
    assert await town.stands() == (0, 0, left)
    # Told once more in another way, it is looked at by a person and moves nothing.
    other = await town.went(refund, text=f"again {refund.reference}")
    assert (other.state, other.open) == ("doubtful", True)
    assert await town.stands() == (0, 0, left)
    with pytest.raises(RefundNotSo, match="is paid"):
        await town.cancel(refund)
    steps = await town.refunds.steps(refund.id, before=None, limit=9)
    assert [(each.action, each.decided.by) for each in steps] == [("pay", "bank"), ("order", "li")]


@pytest.mark.parametrize("first", ["went", "came_back"])
async def test_what_the_bank_brings_back_is_the_accounts_again(town: Leaving, first: str) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    lines = [town.went, town.came_back]
    for bring in lines if first == "went" else lines[::-1]:
        line = await bring(refund)
        assert not line.open
    now = await town.found(refund)
    assert (now.state, now.returned_micro) == (RefundState.RETURNED, left)
    assert await town.stands() == (left, 0, 0)
    # Once: another line about it is nobody's money without a person.
    line = await town.came_back(refund, text=f"x {refund.reference}")
    assert line.open
    assert await town.stands() == (left, 0, 0)
    again = await town.order(left, key="k-2")
    assert again.id != refund.id
    await town.went(again)
    assert await town.stands() == (0, 0, left)


async def test_what_comes_back_as_a_plain_credit_is_the_refund_and_not_money_once_more(
    town: Leaving,
) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    await town.went(refund)
    (line,) = await town.statement(town.line(left, f"returned {refund.reference}"))
    assert (line.state, line.open) == ("refund-returned", False)
    assert (await town.found(refund)).returned_by == line.id
    assert await town.stands() == (left, 0, 0)
    # The same told as what it is, on another day: once is enough.
    told = await town.came_back(refund, text=f"x {refund.reference}")
    assert (told.state, told.open) == ("doubtful", True)
    assert await town.stands() == (left, 0, 0)


async def test_what_came_back_unnamed_is_not_given_once_more_by_another_file(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    await town.went(refund)
    day, amount = f"{town.at:%y%m%d}", f"{left / 1_000_000:.6f}".replace(".", ",")
    swift = mt940(
        f":61:{day}C{amount}NTRFX//R9", ":86:returned", opening="0,", closing=amount,
        account=OURS,
    ).replace("EUR", "CNY")  # fmt: skip
    (unnamed,) = await town.books(swift.encode())
    assert unnamed.state == "suspense"
    told = await town.came_back(refund)
    assert (told.state, told.open) == ("doubtful", True)
    assert await town.stands() == (0, 0, 0), "it waits for a person, once"


async def test_a_line_that_names_no_refund_is_matched_by_a_person(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    line = await town.went(refund, text="transfer")
    assert line.state == "debit"
    other = await town.went(refund, micro=left - 1, text="another")
    with pytest.raises(RefundNotSo, match="the refund is"):
        await town.matches(refund, other)
    await town.matches(refund, line)
    await town.matches(refund, line)
    assert await town.stands() == (0, 0, left)
    with pytest.raises(KeyUsedBefore):
        await town.matches(refund, other)
    # Less came back than went: the account has what came.
    back = await town.came_back(refund, micro=left - 7, text="returned")
    assert back.state == "returned-to-us"
    await town.matches(refund, back, key="k-6")
    assert await town.stands() == (left - 7, 0, 7)


async def test_what_was_cancelled_and_went_all_the_same_is_taken_off_again(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    await town.cancel(refund)
    await town.cancel(refund)
    assert await town.stands() == (left, 0, 0)
    line = await town.went(refund)
    assert (line.state, line.open) == ("doubtful", True)
    assert await town.stands() == (left, 0, 0)
    await town.matches(refund, line)
    assert await town.stands() == (0, 0, left)


async def test_cash_is_handed_out_for_a_slip_and_within_its_limit(town: Leaving) -> None:
    await town.moves_out()
    with pytest.raises(RefundRefused, match="in cash 300 micro-units"):
        await town.order(301, way=Way.CASH)
    refund = await town.order(300, way=Way.CASH)
    before = await town.stands()
    assert before[1] == 300
    await town.hand(refund)
    await town.hand(refund)
    assert (await town.stands())[1] == 0
    assert (await town.posted())["cash"] == 300
    with pytest.raises(RefundNotSo):
        await town.cancel(refund)
    by_bank = await town.order(100, key="k-2")
    with pytest.raises(RefundNotSo, match="goes by the bank"):
        await town.hand(by_bank, key="k-3")


async def test_much_takes_two_by_all_that_left_and_the_payee_stands(town: Leaving) -> None:
    await town.moves_out()
    town.approvals = TWO
    before = await town.stands()
    small = await town.order(400, key="k-0")
    assert isinstance(small, Refund)
    much = await town.order(101)
    assert isinstance(much, Proposal)
    assert await town.order(101) == much
    assert much.act.parameters["bank_account"] == "******************2051"
    with pytest.raises(AnotherWaits):
        await town.order(102, key="k-2")
    with pytest.raises(NeedsSecondPerson):
        await town.approve(much, "li")
    await town.approve(much)
    done = await town.order(101)
    assert isinstance(done, Refund)
    assert done.payee == TO
    assert await town.stands() == (before[0] - 501, 501, 0)


async def test_what_came_back_in_part_counts_with_what_is_still_out(town: Leaving) -> None:
    await town.moves_out()
    town.approvals = TWO
    first = await town.order(400, key="k-0")
    await town.went(first)
    back = await town.came_back(first, micro=10, text="returned")
    await town.matches(first, back)
    assert (await town.found(first)).state is RefundState.RETURNED
    assert isinstance(await town.order(111), Proposal), "390 are out"
    assert isinstance(await town.order(110, key="k-2"), Refund)


async def test_what_a_clerk_pays_out_alone_adds_up(town: Leaving) -> None:
    await town.moves_out()
    town.approvals = replace(TWO, within=DAYS, in_all_above_micro=350)
    assert isinstance(await town.order(300, key="k-0"), Refund)
    assert isinstance(await town.order(51), Proposal)
    assert isinstance(await town.order(50, key="k-2", who="wu"), Refund), "of another clerk"


async def test_two_who_approve_at_once_pay_once(town: Leaving) -> None:
    left = await town.moves_out()
    town.approvals = TWO
    much = await town.order(left)
    done = await asyncio.gather(
        *(town.approve(much, who) for who in ("wu", "qian")), return_exceptions=True
    )
    assert [type(each) for each in done if each is not None] == [ProposalDecided]
    assert await town.stands() == (0, left, 0)


async def test_of_many_who_order_the_whole_at_once_one_does(town: Leaving) -> None:
    left = await town.moves_out()
    done = await asyncio.gather(
        *(town.order(left, key=f"k-{n}") for n in range(4)), return_exceptions=True
    )
    refused = [each for each in done if isinstance(each, Refusal)]
    assert len(refused) == 3
    assert await town.stands() == (0, left, 0)


async def test_whoever_dies_in_it_has_done_nothing(town: Leaving) -> None:
    left = await town.moves_out()
    before = await town.stands()
    with pytest.raises(Killed):
        await town.order(left, open_unit=Dying(town, after=0, inside=True))
    assert await town.stands() == before
    town.approvals = TWO
    much = await town.order(left)
    with pytest.raises(Killed):
        await town.approve(much, open_unit=Dying(town, after=0, inside=True))
    assert await town.stands() == before
    await town.approve(much)
    assert await town.stands() == (0, left, 0)


async def test_deposits_and_debts_come_first_and_a_paused_debt_keeps_its_part(
    town: Leaving,
) -> None:
    left = await town.moves_out()
    await town.holds_deposit(500)
    paid, paused = await town.owes(300), await town.owes(200)
    await town.pauses(paused)
    # What is owed apart came from the balance, which has as much more.
    before = (await town.account())[1]
    assert before == left + 500
    with pytest.raises(RefundRefused, match=f"{left + 500} micro-units are left"):
        await town.order(left + 501)
    await town.order(left + 500)
    assert await town.stands() == (200, left + 500, 0)
    rows = await town.sql("SELECT id, left_micro FROM debt ORDER BY created_at, id")
    assert {row["id"]: row["left_micro"] for row in rows} == {paid: 0, paused: 200}
    (deposit,) = await town.sql("SELECT left_micro FROM deposit")
    assert deposit["left_micro"] == 0


async def test_a_small_refund_by_one_person_gives_back_no_large_deposit(town: Leaving) -> None:
    await town.moves_out()
    await town.holds_deposit(501)
    before = await town.stands()
    town.approvals = TWO
    small = await town.order(1)
    assert isinstance(small, Proposal)
    (deposit,) = await town.sql("SELECT left_micro FROM deposit")
    assert deposit["left_micro"] == 501
    await town.approve(small)
    assert await town.stands() == (before[0] + 500, 1, before[2])
    assert isinstance(await town.order(1, key="k-2"), Refund), "nothing is held any more"


async def test_what_nobody_claims_is_listed(town: Leaving) -> None:
    left = await town.moves_out()
    account_id, _ = await town.account()
    (found,) = await town.refunds.unclaimed(town.end_day, after=None, limit=9)
    assert (found.account_id, found.ended_on, found.balance_micro) == (
        account_id, town.end_day, left,
    )  # fmt: skip
    assert await town.refunds.count_unclaimed(town.end_day) == 1
    assert await town.refunds.count_unclaimed(town.end_day - DAYS) == 0
    refund = await town.order(left)
    assert await town.refunds.count_unclaimed(town.end_day) == 0
    assert await town.refunds.waiting_since() == {Way.BANK: refund.ordered_at}
