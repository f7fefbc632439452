"""Proposals over HTTP. Money: integer micro-units."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.approvals.values import ActKind, Proposal, ProposalState
from prepay_ledger.facts.schemas import DecidedOut


class ProposalOut(BaseModel):
    """An act that waits for a second person, or waited. ``subject``: what it is about;
    ``parameters``: the exact act; ``amount_micro``: what is at stake. ``decided``: by whom it was
    approved and done, refused, or withdrawn."""

    id: UUID
    kind: ActKind
    subject: str
    parameters: dict[str, str | int | bool]
    amount_micro: int
    currency: str
    state: ProposalState
    proposed: DecidedOut
    expires_at: datetime
    decided: DecidedOut | None

    @classmethod
    def of(cls, proposal: Proposal, *, now: datetime) -> "ProposalOut":
        """As it stands at ``now``."""
        decided = None
        if proposal.outcome is not None:
            decided = DecidedOut.model_validate(proposal.outcome.decided)
        return cls(
            id=proposal.id,
            kind=proposal.act.kind,
            subject=proposal.act.subject,
            parameters=dict(proposal.act.parameters),
            amount_micro=proposal.act.amount_micro,
            currency=proposal.act.currency,
            state=proposal.state(now),
            proposed=DecidedOut.model_validate(proposal.proposed),
            expires_at=proposal.expires_at,
            decided=decided,
        )
