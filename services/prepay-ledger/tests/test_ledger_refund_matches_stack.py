"""What a person takes for a refund that came back is another customer's money, unless it is so: of
much a second one says it too."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_refunds import TWO, Leaving, leaving_town
from ledger_town import Dying, Killed

from prepay_ledger.approvals.refusals import AnotherWaits
from prepay_ledger.approvals.values import Proposal
from prepay_ledger.bank.values import BankLine
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Refund, RefundState
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

town = pytest.fixture(leaving_town)


async def went_out(town: Leaving) -> tuple[Refund, int]:
    """A refund that is with the customer, and what the account had left."""
    left = await town.moves_out()
    refund = await town.order(left)
    await town.went(refund)
    return refund, left


async def doubtful(town: Leaving, refund: Refund, micro: int) -> BankLine:
    """A line that names the refund, and is of another amount."""
    line = await town.came_back(refund, micro=micro)
    assert (line.state, line.open) == ("doubtful", True)
    return line


async def test_much_is_matched_by_two(town: Leaving) -> None:
    refund, left = await went_out(town)
    line = await doubtful(town, refund, 501)
    town.approvals = TWO
    waiting = await town.matches(refund, line)
    assert isinstance(waiting, Proposal)
    assert await town.matches(refund, line) == waiting
    assert (waiting.act.amount_micro, waiting.act.parameters["refund_id"]) == (501, str(refund.id))
    assert await town.stands() == (0, 0, left)
    with pytest.raises(AnotherWaits):
        await town.matches(refund, line, key="k-2", who="qian")
    with pytest.raises(NeedsSecondPerson):
        await town.approve(waiting, "li")
    with pytest.raises(Killed):
        await town.approve(waiting, open_unit=Dying(town, after=0, inside=True))
    assert await town.stands() == (0, 0, left)
    await town.approve(waiting)
    done = await town.matches(refund, line)
    assert isinstance(done, Refund)
    assert (done.state, done.returned_micro) == (RefundState.RETURNED, 501)
    assert await town.stands() == (501, 0, left - 501)
    (last, *_) = await town.refunds.steps(refund.id, before=None, limit=9)
    assert (last.decided.by, last.bank_line) == ("li", line.id)


async def test_a_line_that_somebody_took_meanwhile_is_no_refund(town: Leaving) -> None:
    refund, left = await went_out(town)
    line = await town.came_back(refund, micro=501, text="returned")
    assert line.state == "returned-to-us"
    town.approvals = TWO
    waiting = await town.matches(refund, line)
    assert isinstance(waiting, Proposal)
    town.approvals = replace(TWO, above_micro=None)
    other = await town.matches(refund, line, key="k-2", who="qian")
    assert isinstance(other, Refund)
    with pytest.raises(RefundNotSo, match="the line is refund-returned"):
        await town.approve(waiting)
    assert await town.stands() == (501, 0, left - 501)


async def test_what_one_person_matches_counts_with_what_that_one_did_alone(town: Leaving) -> None:
    left = await town.moves_out()
    town.approvals = replace(TWO, within=timedelta(days=1))
    refund = await town.order(300, key="k-0")
    await town.went(refund)
    line = await doubtful(town, refund, 201)
    assert isinstance(await town.matches(refund, line), Proposal), "300 and 201 are above 500"
    assert isinstance(await town.matches(refund, line, key="k-2", who="wu"), Refund), "of another"
    assert await town.stands() == (left - 99, 0, 99)


async def test_as_which_line_it_went_one_person_says_unless_it_was_cancelled(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    line = await town.went(refund, text="transfer")
    town.approvals = TWO
    await town.matches(refund, line)
    assert await town.stands() == (0, 0, left), "it had left its account before"


async def test_what_was_cancelled_and_went_is_taken_off_by_two(town: Leaving) -> None:
    left = await town.moves_out()
    refund = await town.order(left)
    await town.cancel(refund)
    line = await town.went(refund)
    town.approvals = TWO
    waiting = await town.matches(refund, line)
    assert isinstance(waiting, Proposal)
    assert await town.stands() == (left, 0, 0)
    await town.approve(waiting)
    assert await town.stands() == (0, 0, left)
