"""What waits for a second person, and what was decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from prepay_ledger.facts.values import Decided

Parameters: TypeAlias = Mapping[str, str | int | bool]
"""The exact act: what it is carried out with."""


class ActKind(StrEnum):
    """What is proposed. Each has one room, which checks and carries it out."""

    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"
    VENDOR_LIMITS = "vendor-limits"
    VENDOR_FUNDING = "vendor-funding"
    VENDOR_FUNDING_REVERSAL = "vendor-funding-reversal"
    BANK_LINE = "bank-line"
    SUSPENSE_ASSIGNMENT = "suspense-assignment"
    SUSPENSE_RETURN = "suspense-return"
    DEPOSIT_HOLD = "deposit-hold"
    DEPOSIT_DRAW = "deposit-draw"
    DEPOSIT_RELEASE = "deposit-release"
    REFUND = "refund"
    DEBT_WRITE_OFF = "debt-write-off"


class OutcomeAction(StrEnum):
    """What was decided about a proposal."""

    APPROVED = "approved"
    """And done, in the same transaction."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Refused by who had proposed it."""


class ProposalState(StrEnum):
    """How a proposal stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """Nobody decided within its term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Who decided what about a proposal, and why."""

    action: OutcomeAction
    decided: Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that is to be done. ``subject``: what it is about; of one kind one act about it
    waits at a time. ``key``: the Idempotency-Key of who proposes it, with a vendor's code before it
    where each vendor has keys of its own; none where the request has none. ``amount_micro``: what
    is at stake, never below zero."""

    kind: ActKind
    subject: str
    key: str | None
    parameters: Parameters
    amount_micro: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An act that waits, or waited, for a second person. ``proposed``: who, why and when."""

    id: UUID
    act: Act
    proposed: Decided
    expires_at: datetime
    outcome: Outcome | None = None

    def state(self, now: datetime) -> ProposalState:
        """How it stands at ``now``."""
        if self.outcome is not None:
            return ProposalState(self.outcome.action)
        return ProposalState.WAITING if now < self.expires_at else ProposalState.EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalTerms:
    """Above ``above_micro``, in micro-units of whatever currency, an act takes two people; none:
    no amount alone does. A proposal may be approved for ``term``."""

    above_micro: int | None
    term: timedelta

    def needs_two(self, amount_micro: int) -> bool:
        """Whether an act of that amount, not below zero, waits for a second person.

        >>> terms = ApprovalTerms(above_micro=100, term=timedelta(days=7))
        >>> terms.needs_two(100), terms.needs_two(101)
        (False, True)
        """
        assert amount_micro >= 0, "a debit is given without its sign"
        return self.above_micro is not None and amount_micro > self.above_micro
