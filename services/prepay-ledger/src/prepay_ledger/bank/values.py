"""Bank accounts of ours, files that banks give, and their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from prepay_ledger.bank_files.values import FileFormat, StatementLine


class LineState(StrEnum):
    """What became of a line."""

    WAITING = "waiting"
    """It is read and kept, and its turn is to come."""
    CREDITED = "credited"
    """A payment: an account has it."""
    SUSPENSE = "suspense"
    """A payment that nobody could place when it came; `prewatt suspense` goes on with it."""
    PAYOUT = "payout"
    """What a payment provider sent us of money that it had taken: nobody's payment."""
    REFUND = "refund"
    """What was paid out of an account that moved out."""
    REFUND_RETURNED = "refund-returned"
    """What was paid out and came back: the account has it again."""
    DEPOSIT = "deposit"
    """Money of a deposit that came or went, or what a guarantee's issuer has paid."""
    COLLECTED = "collected"
    """What the bank collected by a file of batch debits, or a return: booked by the debit."""
    REPEATED = "repeated"
    """The same line was told before."""
    DOUBTFUL = "doubtful"
    """It may be one that was told before in another way: a person says which."""
    TAKEN_BACK = "taken-back"
    """A return: the payment it names left whoever had it."""
    EXCESS = "excess"
    """A return of more than was paid. What was paid is taken back."""
    PARKED = "parked"
    """A return whose payment is not known, or not yet: it is taken back as it comes."""
    BATCH = "batch"
    """Several payments in one sum, whose details have not come."""
    DETAILED = "detailed"
    """Several payments in one sum, whose details are lines of their own."""
    DEBIT = "debit"
    CHARGE = "charge"
    RETURNED_TO_US = "returned-to-us"
    """Money of ours that came back: a person says what it was."""
    PENDING = "pending"
    """The bank has not booked it: it will come again, or not."""
    NO_AMOUNT = "no-amount"
    FAILED = "failed"
    """A fault of ours while it was applied; nothing was moved."""


OPEN = frozenset(
    {
        LineState.DOUBTFUL,
        LineState.EXCESS,
        LineState.PARKED,
        LineState.BATCH,
        LineState.RETURNED_TO_US,
        LineState.FAILED,
    }
)
"""What a person has to look at, unless it was dealt with."""
PAID = frozenset({LineState.CREDITED, LineState.SUSPENSE})
"""What is a payment."""
MONEY_CAME = PAID | {
    LineState.PAYOUT,
    LineState.COLLECTED,
    LineState.REFUND_RETURNED,
    LineState.DEPOSIT,
}
"""What another line may tell of once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """An account of the utility at a bank. ``account``: IBAN, or the bank's number of it."""

    account: str
    currency: str
    name: str
    opened_by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHead:
    """What a statement in a file says of all its lines."""

    account: str
    currency: str
    number: str
    opening_micro: int | None
    closing_micro: int | None
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatement:
    """A statement in a file, by which one sees whether one is missing. ``last_day``: its closing
    balance's; where the bank does not say, its last line's, or that on which it came."""

    id: UUID
    file_id: UUID
    account: str
    statement: str
    opening_micro: int | None
    closing_micro: int | None
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A statement that does not begin where any before it ended. ``after``: the last day that is
    known before it, whose closing balance is ``missing_micro`` less. A person may have accepted
    it."""

    id: UUID
    account: str
    currency: str
    statement: str
    first_day: date
    after: date
    opening_micro: int
    missing_micro: int
    accepted_by: str | None
    accepted_reason: str | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentAccount:
    """An account of ours that no statement came of in time. ``last_day``: none: there never was
    one. ``business_days``: how many lie between that, or when it was opened, and today."""

    account: str
    name: str
    last_day: date | None
    business_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFile:
    """A file as it came, without its bytes."""

    id: UUID
    key: str
    """The Idempotency-Key that it came under first."""
    sha256: bytes
    name: str
    format: FileFormat
    mapping: Mapping[str, Any] | None
    statements: Sequence[StatementHead]
    uploaded_by: str
    at: datetime

    @property
    def lines(self) -> int:
        """How many it has."""
        return sum(each.lines for each in self.statements)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """A line of a statement, and what became of it. ``refers_to``: the line that it repeats, is a
    part of, or takes back. ``payment``: ours, of what it paid."""

    id: UUID
    file_id: UUID
    format: FileFormat
    number: int
    """Its place in the file."""
    account: str
    currency: str
    statement: str
    identity: str
    """Of lines that have the same one the first is applied."""
    line: StatementLine
    state: LineState
    reason: str = ""
    open: bool = False
    known: bool = False
    """It is the first of its identity."""
    payment: UUID | None = None
    refers_to: UUID | None = None

    @property
    def provider(self) -> str:
        """As `payments` and the ledger account of what the bank holds for us name it."""
        return f"bank/{self.account}"

    @property
    def payment_id(self) -> str:
        """Of the payment that the line is, if it is one."""
        return str(self.id)


class Waiting(NamedTuple):
    """A line whose turn is to come, of that bank account."""

    line_id: UUID
    account: str


class StepAction(StrEnum):
    """What a person did with a line."""

    TAKE = "take"
    """It is a payment of its own; or, of one that failed, it is to be tried again."""
    CLOSE = "close"
    """It was dealt with in another way."""
    REFUNDS = "refunds"
    """It is a sum of several refunds."""


ByHand: TypeAlias = Literal[StepAction.TAKE, StepAction.CLOSE]
"""What is done with any line by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStep:
    """Who did what with a line, and why."""

    action: StepAction
    who: str
    reason: str
    state_before: LineState
    at: datetime
