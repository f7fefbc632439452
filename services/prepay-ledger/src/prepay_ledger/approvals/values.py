"""What waits for a second person, and what was decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias
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
    REFUND_MATCH = "refund-match"
    REFUND_SUM = "refund-sum"
    PAYOUT_MATCH = "payout-match"
    SETTLEMENT_DIFFERENCE = "settlement-difference"
    DEBT_WRITE_OFF = "debt-write-off"
    LATE_CHARGE_WAIVER = "late-charge-waiver"
    TRANSFER_FILE = "transfer-file"
    TRANSFER_NOT_PAID = "transfer-not-paid"
    REFUND_GIVEN = "refund-given"


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
    within: timedelta = timedelta(0)
    """What one person did alone so long before counts with what is asked for; nothing: each act
    counts by itself."""
    in_all_above_micro: int | None = None
    """Likewise of all that a person does alone, to whomever; none: it has no bound."""

    def needs_two(self, amount_micro: int) -> bool:
        """Whether an act of that amount, not below zero, waits for a second person.

        >>> terms = ApprovalTerms(above_micro=100, term=timedelta(days=7))
        >>> terms.needs_two(100), terms.needs_two(101)
        (False, True)
        """
        assert amount_micro >= 0, "a debit is given without its sign"
        return self.above_micro is not None and amount_micro > self.above_micro

    @property
    def adds_up(self) -> bool:
        """Whether what was done alone before counts."""
        bounds = (self.above_micro, self.in_all_above_micro)
        return bool(self.within) and bounds != (None, None)

    def is_much_with(self, amount_micro: int, done: "DoneAlone") -> bool:
        """Whether so much more is too much for one person.

        >>> terms = ApprovalTerms(
        ...     above_micro=100, term=timedelta(7), within=timedelta(1), in_all_above_micro=500
        ... )
        >>> terms.is_much_with(40, DoneAlone(about_micro=60, in_all_micro=460))
        False
        >>> terms.is_much_with(41, DoneAlone(about_micro=60, in_all_micro=60))
        True
        >>> terms.is_much_with(41, DoneAlone(about_micro=0, in_all_micro=460))
        True
        """
        if self.needs_two(amount_micro + done.about_micro):
            return True
        most = self.in_all_above_micro
        return most is not None and amount_micro + done.in_all_micro > most


class DoneAlone(NamedTuple):
    """Micro-units that a person moved alone in a window: about one thing, and in all."""

    about_micro: int
    in_all_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SoleAct:
    """What one person did without a second one. ``about``, and ``also_about`` or empty: what the
    amounts are added up by. ``amount_micro``: never below zero."""

    id: UUID
    kind: ActKind
    about: str
    also_about: str
    amount_micro: int
    currency: str
    who: str
    at: datetime
