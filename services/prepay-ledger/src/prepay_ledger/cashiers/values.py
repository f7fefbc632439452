"""A cashier's business day, its count, and cash on its way, in integer micro-units."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class DayState(StrEnum):
    """How far a cashier's day is."""

    OPEN = "open"
    COUNTED = "counted"
    """With a difference that nobody else has accepted yet."""
    CLOSED = "closed"
    """What was counted is in the cashier's hands."""
    HANDED_OVER = "handed_over"


class OutcomeAction(StrEnum):
    """What came of a count."""

    CLOSED = "closed"
    SENT_BACK = "sent_back"
    """The day is open again."""


class Destination(StrEnum):
    """Where cash is handed over to."""

    BANK = "bank"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """That a count closed its day, or was sent back. ``key``: the Idempotency-Key it was asked
    with; ``journal_id``: of a close."""

    action: OutcomeAction
    key: str
    who: str
    reason: str
    journal_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What was in the drawer, and what should have been. ``reason``: of the difference."""

    id: UUID
    key: str
    expected_micro: int
    counted_micro: int
    who: str
    reason: str
    at: datetime
    outcome: Outcome | None = None

    @property
    def difference_micro(self) -> int:
        """Below zero: cash is short."""
        return self.counted_micro - self.expected_micro


@dataclass(frozen=True, slots=True, kw_only=True)
class CashDay:
    """What a seller took in cash at a desk on a business day, voids taken off. ``count``: the
    latest."""

    id: UUID
    vendor_id: UUID
    vendor_code: str
    seller: str
    business_day: date
    currency: str
    expected_micro: int = 0
    state: DayState = DayState.OPEN
    count: Count | None = None
    hand_over_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOrder:
    """What is told of a drawer. ``who`` tells it: the ``seller``, or a supervisor in their place.
    ``key``: the Idempotency-Key."""

    key: str
    who: str
    seller: str
    vendor_code: str
    business_day: date
    counted_micro: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a second person decides about a count, and why."""

    count_id: UUID
    action: OutcomeAction
    key: str
    who: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That cash which was handed over has come. ``reason``: of the difference."""

    id: UUID
    key: str
    received_micro: int
    who: str
    reason: str
    journal_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """The cash of a seller's closed days on its way. ``slip``: its number, of the deposit slip or
    the paper that was signed; ``receiver``: the person it was given to, empty for the bank."""

    id: UUID
    key: str
    vendor_id: UUID
    vendor_code: str
    seller: str
    currency: str
    amount_micro: int
    destination: Destination
    receiver: str
    slip: str
    who: str
    journal_id: int
    at: datetime
    receipt: Receipt | None = None

    def tells(self, other: "HandOver") -> bool:
        """Whether both tell of the same cash."""
        return _told(self) == _told(other)


def _told(each: HandOver) -> tuple[object, ...]:
    where = (each.destination, each.receiver, each.slip)
    return (each.vendor_code, each.seller, each.amount_micro, where)
