"""Deposits and bank guarantees, and what was done with them. Money: micro-units."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from prepay_ledger.facts.values import Decided

DEPOSIT = "deposit"
"""The kind of the journals that move deposits."""
WARNED_DAYS = 30
"""So long before its end a guarantee is told of, to be prolonged by another one, or called."""


class DepositKind(StrEnum):
    """What is held."""

    CASH = "cash"
    """The customer's money: a liability of the utility, and no balance."""
    GUARANTEE = "guarantee"
    """A bank's paper: nothing is posted before the bank is called on."""


class Place(StrEnum):
    """Where the money of a cash deposit comes from, or goes back to."""

    BANK = "bank"
    CASH = "cash"
    BALANCE = "balance"


class StepAction(StrEnum):
    """What was done with one."""

    HOLD = "hold"
    DRAW = "draw"
    """What is owed was paid from it."""
    RECEIVE = "receive"
    """The bank has paid what it was called on for."""
    RELEASE = "release"
    """So much of it is the customer's again, or the paper went back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is held. ``issuer`` and ``reference``: the bank and the number of its paper; of cash the
    issuer is empty, and the reference the customer's receipt. It holds over the local days
    [``valid_from``, ``valid_until``], both included; none: until it is released."""

    kind: DepositKind
    amount_micro: int
    currency: str
    issuer: str
    reference: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """As it stands. ``received_micro``: what the issuer has paid of what was drawn."""

    id: UUID
    account_id: UUID
    terms: Terms
    drawn_micro: int = 0
    received_micro: int = 0
    released_micro: int = 0

    @property
    def left_micro(self) -> int:
        """What is still held."""
        return self.terms.amount_micro - self.drawn_micro - self.released_micro


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``place``: where cash came from or went; none of a guarantee, and of what is drawn.
    ``debt_id``: what was paid by a draw; none: what the balance owed. ``key``: the caller's own
    name of it, once a person. ``journal_id``: none where nothing is posted."""

    id: UUID
    deposit_id: UUID
    action: StepAction
    amount_micro: int
    place: Place | None
    debt_id: UUID | None
    key: str
    decided: Decided
    journal_id: int | None = None
    bank_line: UUID | None = None
    """The line of the bank that its money came by, or went as, once that is known."""

    def tells(self, other: "Step") -> bool:
        """Whether both ask for the same; whenever, and for whatever reason."""
        return (self.action, self.amount_micro, self.place, self.debt_id) == (
            other.action, other.amount_micro, other.place, other.debt_id
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedStep:
    """As which line of the bank the money of a step came or went, by whose word."""

    step_id: UUID
    bank_line: UUID
    journal_id: int
    decided: Decided
