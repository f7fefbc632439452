"""Files of batch debits, and what became of each line. Money: integer micro-units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from prepay_ledger.debit_formats.values import AnswerKind, Debtor


class FileState(StrEnum):
    """How far a file is."""

    COLLECTING = "collecting"
    """What is due is put into it, some at a time."""
    MADE = "made"
    """Its bytes are there and do not change."""
    SENT = "sent"
    """A person has said that the bank has it."""
    CANCELLED = "cancelled"
    """A person has said that the bank never had it or has given it up, or nothing was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitFileRow:
    """A file without its bytes. ``cut_off``: what was asked for until then is in it."""

    id: UUID
    key: str
    provider: str
    currency: str
    collect_on: date
    cut_off: datetime
    state: FileState
    lines: int = 0
    sum_micro: int = 0
    bank_line: UUID | None = None
    """The line of the bank's statement by which all of it came in one sum."""
    by_lines: bool = False
    """The bank's statement tells its debits one by one."""

    @property
    def name(self) -> str:
        """What its bytes are called, and what answers to all of it name."""
        return self.id.hex


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitItem:
    """A line of a file: the request for money that it is, and all that is written of it."""

    request_id: UUID
    file_id: UUID
    number: int
    account_id: UUID
    account_number: str
    mandate_reference: str
    signed_on: date
    debtor: Debtor
    amount_micro: int
    currency: str
    collected_by: UUID | None = None
    """The line of the bank's statement that told of its money."""
    returned_by: UUID | None = None
    """And the one that told of its return."""

    @property
    def name(self) -> str:
        """What every answer to it names, and the payment's id."""
        return self.request_id.hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A file's bytes, as they were made once."""

    file_id: UUID
    body: bytes
    sha256: bytes
    lines: int
    sum_micro: int
    at: datetime


class StepAction(StrEnum):
    """What a person did with a file."""

    BEGIN = "begin"
    SEND = "send"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who did what with a file, and why, or by what reference of the bank."""

    action: StepAction
    who: str
    reason: str
    at: datetime


class AnswerState(StrEnum):
    """What became of a bank's answer about a line."""

    WAITING = "waiting"
    APPLIED = "applied"
    REPEATED = "repeated"
    """It was told before, and changes nothing."""
    UNKNOWN = "unknown"
    """No line of ours has that id."""
    OTHER_AMOUNT = "other-amount"
    """It tells another amount than was asked for; nothing was moved."""
    FAILED = "failed"
    """A fault of ours while it was applied; nothing was moved."""


OPEN_ANSWERS = frozenset({AnswerState.UNKNOWN, AnswerState.OTHER_AMOUNT, AnswerState.FAILED})
"""A person has to look, and at what is applied for a reason that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A bank's answer as it came, without its bytes."""

    id: UUID
    key: str
    sha256: bytes
    provider: str
    name: str
    answers: int
    uploaded_by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a bank says of a line. ``request``: ours, as far as it is known."""

    id: UUID
    result_id: UUID
    provider: str
    number: int
    kind: AnswerKind
    named: str
    code: str
    amount_micro: int | None
    place: str
    state: AnswerState
    reason: str = ""
    open: bool = False
    request: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file, its hash as far as it is made, who did what, and how many of its lines are in each
    state."""

    file: DebitFileRow
    sha256: bytes | None
    states: Mapping[str, int]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStatement:
    """A statement of a post-paid account. ``owed_micro``: what of it is still to be paid, and not
    asked for by another request. ``is_asked_for``: money for it may still come, or has come."""

    statement_id: UUID
    due_on: date
    owed_micro: int
    is_asked_for: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDebtor:
    """Whose account a mandate's money is taken from, and who told us."""

    mandate_id: UUID
    debtor: Debtor
    who: str
    reason: str
    at: datetime
