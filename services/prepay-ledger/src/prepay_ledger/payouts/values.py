"""Payouts of providers, and how far each is. Money: integer micro-units with their currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class PayoutState(StrEnum):
    """How far a payout is."""

    EXPECTED = "expected"
    """The provider has sent it, and no line of the bank is known to be it."""
    ARRIVED = "arrived"
    ACCEPTED = "accepted"
    """A person has said that it is not waited for, and why; nothing was moved."""
    WITHDRAWN = "withdrawn"
    """A later file of its day does not have it any more, and it had not arrived."""


class FoundBy(StrEnum):
    """Why a line of the bank is taken for the payout."""

    NOTHING = ""
    REFERENCE = "reference"
    """The line names the payout's reference, and has its amount."""
    AMOUNT = "amount"
    """It is the only payout of that amount in those days, and the line names no account."""
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutKey:
    """By what a payout is the same in every revision of its provider's file of a day. ``nth``: of
    those alike in all else, which. ``amount_micro``: below zero where the provider took it back
    from the bank."""

    provider: str
    business_day: date
    reference: str
    amount_micro: int
    currency: str
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """A payout as it is kept. ``stands``: the file of its day that holds has it."""

    id: UUID
    key: PayoutKey
    stands: bool
    state: PayoutState
    found_at: datetime
    found_by: FoundBy = FoundBy.NOTHING
    bank_line: UUID | None = None
    """What it arrived as."""
    match_id: UUID | None = None
    """Names what was moved by that."""
    difference_micro: int = 0
    """What arrived more than was sent; below zero: less, which was kept on the way."""
    reason: str = ""
    """Why a person matched it by hand, or does not wait for it."""


class Action(StrEnum):
    """What a person does about a payout."""

    MATCH = "match"
    UNDO = "undo"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who did what about a payout, and why. ``bank_line``: the line that it was matched with, or
    is no more; none of `Action.ACCEPT`."""

    key: str
    action: Action
    bank_line: UUID | None
    who: str
    reason: str
    state_before: PayoutState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutView:
    """A payout, and what people did about it."""

    payout: Payout
    steps: Sequence[Step]
