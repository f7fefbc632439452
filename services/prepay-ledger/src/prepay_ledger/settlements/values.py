"""Files that providers settle by, their lines, and what differs from ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from prepay_ledger.settlement_files.values import FileFormat, LineKind, SettledDays, SettledLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a provider settles: how its files are written, its days, and whose money it may be."""

    format: FileFormat
    days: SettledDays
    merchants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementFile:
    """A file as it came, without its bytes. ``revision``: of several of one day the highest stands.
    ``reason``: why it replaced the one before; empty of the first."""

    id: UUID
    provider: str
    business_day: date
    revision: int
    key: str
    """The Idempotency-Key that it came under first."""
    sha256: bytes
    name: str
    format: FileFormat
    mapping: Mapping[str, Any] | None
    lines: int
    uploaded_by: str
    reason: str
    at: datetime


class KeptLine(NamedTuple):
    """A line of a file. ``stands``: no later revision of its day replaced it."""

    id: UUID
    file_id: UUID
    number: int
    provider: str
    business_day: date
    line: SettledLine
    stands: bool


class DifferenceKind(StrEnum):
    """How a payment, refund or dispute differs."""

    MISSING_HERE = "missing-here"
    """The provider has settled it, and we do not know it."""
    MISSING_THERE = "missing-there"
    """We know it, and neither its day's file has it nor the next day's."""
    OTHER_AMOUNT = "other-amount"
    OTHER_CURRENCY = "other-currency"
    TWICE_THERE = "twice-there"
    """The provider has settled it more than once."""
    UNKNOWN_LINE = "unknown-line"
    """A line that is no payment, refund, dispute, fee or payout: a person says what it is."""


class State(StrEnum):
    """How far a difference is."""

    OPEN = "open"
    ASKED = "asked"
    """The provider was asked; a later file or a person closes it."""
    RESOLVED = "resolved"
    """A person has said what came of it: `Outcome`."""
    GONE = "gone"
    """Both sides agree by now, or differ otherwise: it closed by itself."""


UNRESOLVED = (State.OPEN, State.ASKED)


class Outcome(StrEnum):
    """What came of a difference."""

    NONE = ""
    TAKEN = "taken"
    """It was taken over, as if its webhook had come."""
    CORRECTED = "corrected"
    """What the account has was made what the provider has settled."""
    ACCEPTED = "accepted"
    """It stays as it is, for the reason that was given."""


class Action(StrEnum):
    """What a person does with a difference."""

    TAKE = "take"
    CORRECT = "correct"
    ASK = "ask"
    ACCEPT = "accept"


MOVES_MONEY = frozenset({Action.TAKE, Action.CORRECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What differs about one payment, refund or dispute. ``nth``: of those that are there more than
    once, which. Found again with the same content it is the same finding, whatever file's line
    tells of it."""

    difference: DifferenceKind
    kind: LineKind
    payment_id: str
    movement_id: str
    nth: int = 1
    their_micro: int | None = None
    their_currency: str | None = None
    our_micro: int | None = None
    our_currency: str | None = None
    business_day: date = field(compare=False)
    line_id: UUID | None = field(default=None, compare=False)
    payment: UUID | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A finding as it is kept. ``correction_micro``: what the account got more by it."""

    id: UUID
    provider: str
    finding: Finding
    state: State
    outcome: Outcome = Outcome.NONE
    correction_micro: int = 0
    reason: str = ""
    found_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who did what with a difference, and why."""

    key: str
    action: Action
    who: str
    reason: str
    state_before: State
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OurMovement:
    """What we were told of a payment after it was paid. ``is_total``: all that was refunded so
    far."""

    kind: LineKind
    movement_id: str
    amount_micro: int
    currency: str
    is_total: bool
    told_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OurPayment:
    """A payment as it was taken."""

    id: UUID
    amount_micro: int
    currency: str
    received_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirLine:
    """A line that stands, of a payment."""

    id: UUID
    kind: LineKind
    movement_id: str
    amount_micro: int
    currency: str
    business_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """All that either side has of one payment. ``corrections``: by kind and movement, what accounts
    got more or less since so that both agree."""

    payment_id: str
    ours: OurPayment | None = None
    movements: tuple[OurMovement, ...] = ()
    theirs: tuple[TheirLine, ...] = ()
    corrections: Mapping[tuple[LineKind, str], int] = field(default_factory=dict[Any, int])


class Settled(NamedTuple):
    """What lines that stand come to in one currency."""

    fees_micro: int
    payouts_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedByProvider:
    """What a provider owes us in one currency, what it has sent to the bank and has not come there,
    and what it has kept as fees."""

    provider: str
    currency: str
    owed_micro: int
    in_transit_micro: int
    fees_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file, and how many of its lines differ still, by how. ``stands``: no later revision took
    its place."""

    file: SettlementFile
    stands: bool
    unresolved: Mapping[DifferenceKind, int]
    differing: int
    """Lines of it with any difference that is not gone, resolved or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceView:
    """A difference, and what people did about it."""

    difference: Difference
    steps: Sequence[Step]
