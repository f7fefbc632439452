"""Much of a deposit takes two people: nobody invents money and gives it away alone."""

from datetime import timedelta
from uuid import UUID

import pytest
from ledger_owing import OWED_MICRO, Owing, owing_town
from ledger_town import REVIEW
from test_ledger_deposits_stack import cash, draw, hold, paper, posted, release, review, stands

from prepay_ledger.approvals.decide_proposal import ApproveProposal, refuse_proposal
from prepay_ledger.approvals.refusals import AnotherWaits
from prepay_ledger.approvals.refusals import KeyUsedBefore as KeyProposedBefore
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal, ProposalState
from prepay_ledger.deposits.carry_out_steps import CarryOutSteps
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.deposits.refusals import DepositRefused, KeyUsedBefore
from prepay_ledger.deposits.values import Deposit, Place
from prepay_ledger.unit import PostgresUnit
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

town = pytest.fixture(owing_town)
TWO = ApprovalTerms(above_micro=100, term=timedelta(days=7))
LESS, MUCH = 100, 101


async def approve(town: Owing, proposal: Proposal, by: str = "wu") -> Proposal:
    steps = CarryOutSteps[PostgresUnit](review=review, zone=REVIEW.zone)
    approve_proposal = ApproveProposal[PostgresUnit](
        {
            ActKind.DEPOSIT_HOLD: steps.hold,
            ActKind.DEPOSIT_DRAW: steps.draw,
            ActKind.DEPOSIT_RELEASE: steps.release,
        }
    )
    decided = town.decided(by)
    async with town.unit() as unit:
        return await approve_proposal(unit, proposal_id=proposal.id, decided=decided)


def waits(answer: Deposit | Proposal, kind: ActKind) -> Proposal:
    assert isinstance(answer, Proposal)
    assert (answer.act.kind, answer.outcome) == (kind, None)
    return answer


async def the_deposit(town: Owing) -> Deposit:
    (found,) = await DepositQueries(town.database).deposits(
        account_id=None, open_=None, ends_before=None, without_line=None, before=None, limit=9
    )
    return found


async def waiting(town: Owing, proposal_id: UUID) -> bool:
    async with town.unit() as unit:
        found = await unit.proposals.find(proposal_id)
    return found is not None and found.outcome is None


@pytest.mark.parametrize("place", [Place.BANK, Place.CASH])
async def test_nobody_invents_cash_and_gives_it_away(town: Owing, place: Place) -> None:
    before = await stands(town)
    held = waits(await hold(town, cash(town), place, approvals=TWO), ActKind.DEPOSIT_HOLD)
    assert await hold(town, cash(town), place, approvals=TWO) == held
    with pytest.raises(AnotherWaits):
        await hold(town, cash(town, 500), place, key="k-5", approvals=TWO)
    with pytest.raises(NeedsSecondPerson):
        await approve(town, held, "test")
    assert (await stands(town), await posted(town)) == (before, {})

    await approve(town, held)
    deposit = await the_deposit(town)
    assert (deposit.terms, deposit.left_micro) == (cash(town), 700)
    assert await hold(town, cash(town), place, approvals=TWO) == deposit
    assert await stands(town) == (before[0], {"deposit": 700})
    assert await posted(town) == {place.value: -700}

    back = await release(town, deposit.id, MUCH, Place.BALANCE, approvals=TWO)
    back = waits(back, ActKind.DEPOSIT_RELEASE)
    with pytest.raises(NeedsSecondPerson):
        await approve(town, back, "test")
    assert await stands(town) == (before[0], {"deposit": 700})
    await approve(town, back)
    assert await stands(town) == (before[0] + MUCH, {"deposit": 700 - MUCH})
    steps = await DepositQueries(town.database).steps(deposit.id, before=None, limit=9)
    assert [each.decided.by for each in steps] == ["test", "test"]


async def test_from_the_balance_one_holds_and_two_pay_out(town: Owing) -> None:
    deposit = await hold(town, cash(town, 300), Place.BALANCE, approvals=TWO)
    assert isinstance(deposit, Deposit)
    out = await release(town, deposit.id, MUCH, Place.CASH, approvals=TWO)
    waits(out, ActKind.DEPOSIT_RELEASE)
    assert await posted(town) == {}
    done = await release(town, deposit.id, LESS, Place.CASH, key="k-4", approvals=TWO)
    assert isinstance(done, Deposit)
    assert await posted(town) == {"cash": LESS}


async def test_a_guarantee_is_held_drawn_and_given_up_by_two(town: Owing) -> None:
    await town.owe()
    (debt,) = await town.debts()
    before = await stands(town)
    held = waits(await hold(town, paper(town), approvals=TWO), ActKind.DEPOSIT_HOLD)
    await approve(town, held)
    deposit = await the_deposit(town)
    assert deposit.terms == paper(town)
    drawn = await draw(town, deposit.id, MUCH, debt.id, approvals=TWO)
    drawn = waits(drawn, ActKind.DEPOSIT_DRAW)
    assert (await stands(town), await posted(town)) == (before, {})
    await approve(town, drawn)
    assert (await stands(town))[1] == {"debt": -OWED_MICRO + MUCH}
    assert await posted(town) == {"guarantees-called": -MUCH}
    answered = await draw(town, deposit.id, MUCH, debt.id, approvals=TWO)
    assert answered == await the_deposit(town)
    up = await release(town, deposit.id, 200, None, approvals=TWO)
    await approve(town, waits(up, ActKind.DEPOSIT_RELEASE))
    assert (await the_deposit(town)).left_micro == 700 - MUCH - 200
    await stands(town)


async def test_what_changed_meanwhile_is_in_the_way_and_it_goes_on_waiting(town: Owing) -> None:
    deposit = await hold(town, cash(town, 150), Place.BANK)
    back = await release(town, deposit.id, MUCH, Place.BANK, approvals=TWO)
    back = waits(back, ActKind.DEPOSIT_RELEASE)
    await release(town, deposit.id, LESS, Place.BANK, key="k-4", approvals=TWO)
    with pytest.raises(DepositRefused, match="50 micro-units of it are left"):
        await approve(town, back)
    assert await waiting(town, back.id)
    paper_1 = waits(await hold(town, paper(town), key="k-6", approvals=TWO), ActKind.DEPOSIT_HOLD)
    await hold(town, paper(town), key="k-7")
    with pytest.raises(DepositRefused, match="held already"):
        await approve(town, paper_1)
    assert await waiting(town, paper_1.id)
    # Its key is nobody's deposit of another account, and may have told of something else meanwhile.
    with pytest.raises(KeyProposedBefore):
        await hold(town, cash(town, 20), Place.BANK, key="k-6", approvals=TWO, number=1)
    await release(town, deposit.id, 10, Place.BANK, key="k-6", approvals=TWO)
    with pytest.raises(KeyUsedBefore):
        await approve(town, paper_1)
    async with town.unit() as unit:
        refused = await refuse_proposal(
            unit=unit, proposal_id=paper_1.id, decided=town.decided("wu")
        )
    assert refused.state(town.now) is ProposalState.REFUSED
    await stands(town)
