"""What a line of the bank differs by from the payout that a person says it is becomes a fee: much
of that, at once or in small parts, takes two people."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_town import ONE_PERSON, Dying, Killed
from test_ledger_payouts_stack import Bank, in_transit

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.refusals import AnotherWaits
from prepay_ledger.approvals.values import ActKind, Proposal
from prepay_ledger.bank.values import BankLine
from prepay_ledger.facts.values import Decided
from prepay_ledger.payouts.refusals import PayoutNotSo
from prepay_ledger.payouts.values import Action, Payout
from prepay_ledger.unit import PostgresUnit
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack


@pytest.fixture
async def bank(own_database_url: str) -> AsyncGenerator[Bank]:
    town = Bank(own_database_url)
    await town.move_in()
    yield town
    await town.holds()
    await town.database.close()


async def differing(bank: Bank, micro: int, reference: str) -> tuple[Payout, BankLine]:
    """A payout of 60, and a line that names it and has ``micro``."""
    await bank.pays_out(60, reference)
    (line,) = await bank.statement(bank.line(micro, reference))
    return (await bank.payouts())[-1], line


async def approve(bank: Bank, proposal: Proposal, who: str = "wu", dies: bool = False) -> None:
    acts = {ActKind.PAYOUT_MATCH: bank.settle_payout.carry_out}
    opened = Dying(bank, after=0, inside=True) if dies else bank.unit
    async with opened() as unit:
        await ApproveProposal[PostgresUnit](acts)(
            unit, proposal_id=proposal.id, decided=Decided(by=who, reason="seen", at=bank.at)
        )


async def test_much_of_a_difference_becomes_a_fee_by_two(bank: Bank) -> None:
    payout, line = await differing(bank, 58, "po_12345678")
    bank.settle_payout = bank.settling(replace(ONE_PERSON, above_micro=1))
    waiting = await bank.ask(payout, Action.MATCH, line, "k")
    assert isinstance(waiting, Proposal)
    assert waiting.act.amount_micro == 2
    assert await bank.ask(payout, Action.MATCH, line, "k") == waiting
    with pytest.raises(AnotherWaits):
        await bank.ask(payout, Action.MATCH, line, "k-2", "qian")
    with pytest.raises(NeedsSecondPerson):
        await approve(bank, waiting, "li")
    with pytest.raises(Killed):
        await approve(bank, waiting, dies=True)
    assert (await in_transit(bank), await bank.lines()) == ((60, 0, 0), [line])
    await approve(bank, waiting)
    assert await in_transit(bank) == (0, 58, 0)
    assert (await bank.posted())["payment-fees"] == -2
    assert await bank.ask(payout, Action.MATCH, line, "k") is None


async def test_small_differences_of_one_person_add_up(bank: Bank) -> None:
    first, one = await differing(bank, 58, "po_12345678")
    second, other = await differing(bank, 57, "po_87654321")
    bank.settle_payout = bank.settling(
        replace(ONE_PERSON, above_micro=4, within=timedelta(hours=24))
    )
    assert await bank.ask(first, Action.MATCH, one) is None
    assert isinstance(await bank.ask(second, Action.MATCH, other), Proposal), "2 and 3"
    assert await bank.ask(second, Action.MATCH, other, who="wu") is None, "of another"
    assert await in_transit(bank) == (0, 115, 0)


async def test_what_somebody_matched_meanwhile_is_not_matched_again(bank: Bank) -> None:
    payout, line = await differing(bank, 58, "po_12345678")
    bank.settle_payout = bank.settling(replace(ONE_PERSON, above_micro=1))
    waiting = await bank.ask(payout, Action.MATCH, line)
    assert isinstance(waiting, Proposal)
    await bank.ask(payout, Action.ACCEPT)
    (alike,) = await bank.statement(bank.line(60))
    assert await bank.ask(payout, Action.MATCH, alike) is None, "it differs in nothing"
    with pytest.raises(PayoutNotSo, match="is arrived"):
        await approve(bank, waiting)
    assert await in_transit(bank) == (0, 60, 0)
