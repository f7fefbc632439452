"""Proposals from their rows."""

from typing import Any

from sqlalchemy import RowMapping, Select, select

from prepay_ledger.approvals.tables import proposal, proposal_outcome
from prepay_ledger.approvals.values import Act, ActKind, Outcome, OutcomeAction, Proposal
from prepay_ledger.facts.values import Decided


def proposals() -> Select[Any]:
    """Each with what was decided about it, if anything was."""
    return select(
        proposal,
        proposal_outcome.c.action.label("action"),
        proposal_outcome.c.who.label("decided_by"),
        proposal_outcome.c.reason.label("decided_reason"),
        proposal_outcome.c.at.label("decided_at"),
    ).outerjoin(proposal_outcome, proposal_outcome.c.proposal_id == proposal.c.id)


def to_proposal(row: RowMapping) -> Proposal:
    """From its row."""
    outcome = None
    if row["action"] is not None:
        decided = Decided(by=row["decided_by"], reason=row["decided_reason"], at=row["decided_at"])
        outcome = Outcome(action=OutcomeAction(row["action"]), decided=decided)
    act = Act(
        kind=ActKind(row["kind"]),
        subject=row["subject"],
        key=row["key"],
        parameters=row["parameters"],
        amount_micro=row["amount_micro"],
        currency=row["currency"],
    )
    return Proposal(
        id=row["id"],
        act=act,
        proposed=Decided(by=row["who"], reason=row["reason"], at=row["at"]),
        expires_at=row["expires_at"],
        outcome=outcome,
    )
