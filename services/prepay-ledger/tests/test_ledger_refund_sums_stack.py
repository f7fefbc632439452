"""Several refunds in one entry of the bank: matched by its parts, or, of a sum without them, by a
person who names what it covers; and what names a refund is taken for nothing else."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from ledger_bank import details, entry
from ledger_refunds import Leaving, leaving_town
from ledger_town import ONE_PERSON, REVIEW, Dying, Killed
from test_ledger_payouts_stack import MICRO

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind, Proposal
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.refusals import LineNamesRefund, NotTakeable
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.settle_sum import Asked, SettleSum
from prepay_ledger.bank.values import BankLine, LineState, StepAction
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payouts.values import Action
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Refund, RefundState
from prepay_ledger.unit import PostgresUnit
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

town = pytest.fixture(leaving_town)


async def two_refunds(town: Leaving) -> tuple[Refund, Refund, int]:
    """Both of one account, and what they come to."""
    left = await town.moves_out()
    first = await town.order(300, key="k-1")
    second = await town.order(left - 300, key="k-2")
    return first, second, left


async def a_sum(town: Leaving, micro: int, *, sign: str = "DBIT", parts: Sequence[Refund] = (),
                ref: str = "S1") -> list[BankLine]:  # fmt: skip
    """An entry of two transactions, which are told or not."""
    tx = [
        details(
            amount=f"{each.amount_micro / MICRO:.6f}", text=each.reference, ref=f"{ref}-{n}",
            ccy="CNY",
        )
        for n, each in enumerate(parts)
    ]  # fmt: skip
    booked = entry(
        f"{micro / MICRO:.6f}", sign=sign, ref=ref, batch=2, tx=tx,
        day=town.at.date().isoformat(), ccy="CNY",
    )  # fmt: skip
    return await town.statement(booked)


async def names(
    town: Leaving, line: BankLine, *refunds: Refund, open_unit: Any = None
) -> Proposal | None:
    asked = Asked(
        line_id=line.id, refund_ids=frozenset(each.id for each in refunds), decided=town.by()
    )
    async with (open_unit or town.unit)() as unit:
        return await settling()(unit, asked=asked)


def settling() -> SettleSum:
    return SettleSum(receive_refund=ReceiveRefund(review=REVIEW), terms=ONE_PERSON)


async def approve(town: Leaving, proposal: Proposal, who: str = "wu") -> None:
    acts = {ActKind.REFUND_SUM: settling().carry_out}
    async with town.unit() as unit:
        await ApproveProposal[PostgresUnit](acts)(
            unit, proposal_id=proposal.id, decided=town.by(who)
        )


async def line_of(town: Leaving, line_id: UUID) -> BankLine:
    found = await town.bank_queries.line(line_id)
    assert found is not None
    return found


async def test_an_entry_of_several_is_matched_by_its_parts(town: Leaving) -> None:
    first, second, left = await two_refunds(town)
    lines = await a_sum(town, left, parts=[first, second])
    assert [each.state for each in lines] == [LineState.REFUND] * 2
    assert await town.stands() == (0, 0, left)
    assert [(await town.found(each)).state for each in (first, second)] == [RefundState.PAID] * 2


async def test_a_sum_without_parts_is_what_a_person_says_it_covers(town: Leaving) -> None:
    first, second, left = await two_refunds(town)
    (line,) = await a_sum(town, left)
    assert (line.state, line.open) == (LineState.BATCH, True)
    with pytest.raises(RefundNotSo, match="they come to 300"):
        await names(town, line, first)
    with pytest.raises(Killed):
        await names(town, line, first, second, open_unit=Dying(town, after=0, inside=True))
    assert await town.stands() == (0, left, 0)
    assert await names(town, line, first, second) is None
    assert await names(town, line, first, second) is None
    after = await line_of(town, line.id)
    assert (after.state, after.open, after.reason) == (LineState.REFUND, False, "2 refunds")
    assert await town.stands() == (0, 0, left)
    for each in (first, second):
        now = await town.found(each)
        assert (now.state, now.paid_by, now.paid_in_sum) == (RefundState.PAID, line.id, True)
    # Told in its parts later, it is no other money.
    lines = await a_sum(town, left, parts=[first, second])
    assert [(each.state, each.refers_to) for each in lines] == [(LineState.DETAILED, line.id)] * 2
    assert await town.stands() == (0, 0, left)


async def test_its_parts_before_a_person_says_so_are_what_counts(town: Leaving) -> None:
    first, second, left = await two_refunds(town)
    (line,) = await a_sum(town, left)
    await a_sum(town, left, parts=[first, second])
    assert (await line_of(town, line.id)).state is LineState.DETAILED
    with pytest.raises(RefundNotSo, match="it is detailed"):
        await names(town, line, second, first)
    assert await town.stands() == (0, 0, left)


async def test_one_that_went_by_itself_is_not_in_the_sum(town: Leaving) -> None:
    first, second, left = await two_refunds(town)
    gone = await town.went(first)
    (line,) = await a_sum(town, left)
    with pytest.raises(RefundNotSo, match=f"the refund went as bank line {gone.id}"):
        await names(town, line, first, second)
    assert await town.stands() == (0, left - 300, 300)


async def test_a_sum_that_came_back_takes_two_people(town: Leaving) -> None:
    first, second, left = await two_refunds(town)
    for each in (first, second):
        await town.went(each)
    (line,) = await a_sum(town, left, sign="CRDT")
    waiting = await names(town, line, first, second)
    assert isinstance(waiting, Proposal)
    assert await names(town, line, first, second) == waiting
    with pytest.raises(NeedsSecondPerson):
        await approve(town, waiting, "li")
    assert await town.stands() == (0, 0, left)
    await approve(town, waiting)
    assert await town.stands() == (left, 0, 0)
    now = await town.found(first)
    assert (now.state, now.returned_micro, now.returned_in_sum) == (
        RefundState.RETURNED, 300, True,
    )  # fmt: skip
    assert (await line_of(town, line.id)).state is LineState.REFUND_RETURNED


async def test_what_names_a_refund_is_nothing_else(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    await town.went(refund)
    line = await town.came_back(refund, micro=60)
    assert line.state is LineState.DOUBTFUL
    # As a credit of the same day would be.
    (credit,) = await town.statement(town.line(61, f"x {refund.reference}"))
    assert credit.state is LineState.DOUBTFUL
    settle = SettleLine(take_line=town.take_line, terms=ONE_PERSON)
    with pytest.raises(NotTakeable, match=f"it names refund {refund.id}"):
        async with town.unit() as unit:
            await settle(
                unit, line_id=credit.id, action=StepAction.TAKE, decided=Decided("li", "r"),
                now=town.at,
            )  # fmt: skip
    await town.pays_out(60)
    (payout,) = await town.payouts()
    for each in (line, credit):
        with pytest.raises(LineNamesRefund, match="names refund"):
            await town.ask(payout, Action.MATCH, each)
    async with town.unit() as unit:
        await settle(
            unit, line_id=credit.id, action=StepAction.CLOSE, decided=Decided("li", "r"),
            now=town.at,
        )  # fmt: skip
