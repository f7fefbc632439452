"""Use case: what a second person has approved about a deposit is done."""

from datetime import timedelta
from typing import Generic
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.deposits.acts import debt_of, key_of, place_of, terms_of
from prepay_ledger.deposits.draw_deposit import draw_deposit
from prepay_ledger.deposits.hold_deposit import hold_deposit
from prepay_ledger.deposits.ports import Review, UnitT
from prepay_ledger.deposits.release_deposit import release_deposit
from prepay_ledger.facts.values import Decided

_TWO_AGREE = ApprovalTerms(above_micro=None, term=timedelta(0))
"""There is no third person to ask."""


class CarryOutSteps(Generic[UnitT]):
    """As if it were asked for at the approval, by who proposed it: everything is checked again, and
    raised as it was then; the proposal goes on waiting."""

    def __init__(self, *, review: Review[UnitT], zone: ZoneInfo) -> None:
        """``zone``: the utility's, in which papers end."""
        self._review = review
        self._zone = zone

    async def hold(self, unit: UnitT, proposal: Proposal, *, approved: Decided) -> None:
        """It is taken."""
        act = proposal.act
        await hold_deposit(
            unit=unit,
            review=self._review,
            account_id=UUID(act.subject),
            terms=terms_of(act),
            place=place_of(act),
            key=key_of(act),
            today=approved.at.astimezone(self._zone).date(),
            decided=_proposed(proposal, approved),
            approvals=_TWO_AGREE,
        )

    async def draw(self, unit: UnitT, proposal: Proposal, *, approved: Decided) -> None:
        """What is owed is paid from it."""
        act = proposal.act
        await draw_deposit(
            unit=unit,
            review=self._review,
            deposit_id=UUID(act.subject),
            amount_micro=act.amount_micro,
            debt_id=debt_of(act),
            key=key_of(act),
            today=approved.at.astimezone(self._zone).date(),
            decided=_proposed(proposal, approved),
            approvals=_TWO_AGREE,
        )

    async def release(self, unit: UnitT, proposal: Proposal, *, approved: Decided) -> None:
        """It goes back."""
        act = proposal.act
        await release_deposit(
            unit=unit,
            review=self._review,
            deposit_id=UUID(act.subject),
            amount_micro=act.amount_micro,
            place=place_of(act),
            key=key_of(act),
            decided=_proposed(proposal, approved),
            approvals=_TWO_AGREE,
        )


def _proposed(proposal: Proposal, approved: Decided) -> Decided:
    """By who proposed it, as it is done now."""
    by = proposal.proposed
    return Decided(by=by.by, reason=by.reason, at=approved.at)
