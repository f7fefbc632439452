"""Files by which a bank pays refunds, and what it says of each line. Money: integer micro-units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.refunds.values import Payee


class FileState(StrEnum):
    """How far a file is. Its bytes are made with it, and do not change."""

    PROPOSED = "proposed"
    """It waits for a second person: nobody gets its bytes."""
    MADE = "made"
    SENT = "sent"
    """A person has said that the bank has it."""
    CANCELLED = "cancelled"
    """A person has said that the bank never had it, or has given it up: its refunds may go into
    another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFileRow:
    """A file without its bytes. ``bank``: its name by the settings."""

    id: UUID
    key: str
    bank: str
    currency: str
    pay_on: date
    made_at: datetime
    state: FileState
    lines: int
    sum_micro: int

    @property
    def name(self) -> str:
        """What its bytes are called, and what answers to all of it name."""
        return self.id.hex


class ItemState(StrEnum):
    """What the bank has said of a line."""

    ORDERED = "ordered"
    """Nothing yet."""
    CONFIRMED = "confirmed"
    """It has paid. The line of its statement moves the money."""
    REFUSED = "refused"
    """It does not pay: the refund is still to be paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferItem:
    """A line of a file: the refund that it pays, and all that is written of it. ``live``: no other
    file may pay the same. ``code``: why it was refused."""

    file_id: UUID
    number: int
    refund_id: UUID
    account_id: UUID
    account_number: str
    payee: Payee
    amount_micro: int
    currency: str
    live: bool = True
    state: ItemState = ItemState.ORDERED
    code: str = ""

    @property
    def name(self) -> str:
        """What answers to it, and the bank's statement, name: the refund's own reference."""
        return self.refund_id.hex


class StepAction(StrEnum):
    """What a person did with a file."""

    MAKE = "make"
    APPROVE = "approve"
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

    APPLIED = "applied"
    REPEATED = "repeated"
    """It was told before, and changes nothing."""
    UNKNOWN = "unknown"
    """No line of ours has that id."""
    OTHER_AMOUNT = "other-amount"
    """It tells another amount than was to be paid; nothing was changed."""
    OTHERWISE = "otherwise"
    """It says otherwise than what is known of the line; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a bank says of a line. ``refund_id``: ours, as far as it is known; ``file_id``: of which
    file, unless several have it and the answer does not say. ``open``: a person has to look."""

    id: UUID
    result_id: UUID
    bank: str
    number: int
    kind: AnswerKind
    named: str
    code: str
    amount_micro: int | None
    place: str
    state: AnswerState
    reason: str = ""
    open: bool = False
    refund_id: UUID | None = None
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file, the hash of its bytes, how many of its lines are in each state, and who did what."""

    file: TransferFileRow
    sha256: bytes
    states: Mapping[ItemState, int]
    steps: Sequence[Step]
