"""Use cases: a second person approves a proposal, by which it is done; or it is refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic
from uuid import UUID

from prepay_ledger.approvals.ports import CarryOut, HasProposals, UnitT
from prepay_ledger.approvals.refusals import ProposalDecided, ProposalExpired, UnknownProposal
from prepay_ledger.approvals.values import (
    ActKind,
    Outcome,
    OutcomeAction,
    Proposal,
    ProposalState,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.refusals import NeedsSecondPerson


class ApproveProposal(Generic[UnitT]):
    """Approves and does, in one transaction: a process that dies in between did neither."""

    def __init__(self, acts: Mapping[ActKind, CarryOut[UnitT]]) -> None:
        self._acts = acts

    async def __call__(self, unit: UnitT, *, proposal_id: UUID, decided: Decided) -> Proposal:
        """The proposal, approved. The same again changes nothing. Raises `UnknownProposal`,
        `NeedsSecondPerson`, `ProposalDecided`, `ProposalExpired`, and whatever is in the way of the
        act by now: the proposal goes on waiting then."""
        proposal = await _known(unit, proposal_id)
        if proposal.outcome is None and decided.by == proposal.proposed.by:
            message = (
                f"somebody else than {decided.by}, who proposed it, must approve proposal "
                f"{proposal_id}; nothing was changed"
            )
            raise NeedsSecondPerson(message)
        proposal, is_new = await _decide(unit, proposal, OutcomeAction.APPROVED, decided)
        if is_new:
            await self._acts[proposal.act.kind](unit, proposal, approved=decided)
        return proposal


async def refuse_proposal(*, unit: HasProposals, proposal_id: UUID, decided: Decided) -> Proposal:
    """It is not to be done: refused, or withdrawn by who proposed it. The same again changes
    nothing. Raises `UnknownProposal`, `ProposalDecided` or `ProposalExpired`."""
    proposal = await _known(unit, proposal_id)
    own = decided.by == proposal.proposed.by
    action = OutcomeAction.WITHDRAWN if own else OutcomeAction.REFUSED
    proposal, _ = await _decide(unit, proposal, action, decided)
    return proposal


async def _known(unit: HasProposals, proposal_id: UUID) -> Proposal:
    proposal = await unit.proposals.find(proposal_id)
    if proposal is None:
        message = f"there is no proposal {proposal_id}"
        raise UnknownProposal(message)
    return proposal


async def _decide(
    unit: HasProposals, proposal: Proposal, action: OutcomeAction, decided: Decided
) -> tuple[Proposal, bool]:
    """The proposal with its outcome, and whether that is new."""
    if proposal.state(decided.at) is ProposalState.EXPIRED:
        message = (
            f"proposal {proposal.id} expired at {proposal.expires_at:%Y-%m-%d %H:%M} UTC: propose "
            "it anew; nothing was changed"
        )
        raise ProposalExpired(message)
    outcome = Outcome(action=action, decided=decided)
    if proposal.outcome is None and await unit.proposals.decide(proposal.id, outcome):
        return replace(proposal, outcome=outcome), True
    # Somebody decided before, or while we waited for them.
    known = await _known(unit, proposal.id)
    done = known.outcome
    assert done is not None, "an outcome stays"
    if (done.action, done.decided.by) != (action, decided.by):
        message = (
            f"proposal {proposal.id} was {done.action} at {done.decided.at:%Y-%m-%d %H:%M} UTC by "
            f"{done.decided.by} ({done.decided.reason}); nothing was changed"
        )
        raise ProposalDecided(message)
    return known, False
