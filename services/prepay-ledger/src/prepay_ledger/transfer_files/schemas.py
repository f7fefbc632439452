"""Files of transfers over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from prepay_ledger.bank_files.values import masked
from prepay_ledger.debit_files.values import ResultFile
from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.fields import DayField
from prepay_ledger.transfer_files.values import (
    Answer,
    AnswerState,
    FileState,
    FileView,
    ItemState,
    StepAction,
    TransferFileRow,
    TransferItem,
)
from prewatt_common.http.fields import PRINTABLE, Body, Reason

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
_Bank = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE)]


class TransferFileIn(Reason):
    """A file for a bank of the settings, and the business day on which it is to pay. ``without``:
    refunds that are not to be in it."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"bank": "icbc", "pay_on": "2026-03-05", "reason": "run of 3 March"}]
        },
    )

    bank: _Bank
    pay_on: DayField
    without: Annotated[list[UUID], Field(max_length=100)] = Field(default_factory=list[UUID])


class TransferFileOut(BaseModel, from_attributes=True):
    """A file. ``name``: what answers to all of it name."""

    id: UUID
    name: str
    bank: str
    currency: str
    pay_on: date
    made_at: datetime
    state: FileState
    lines: int
    sum_micro: int

    @staticmethod
    def of(file: TransferFileRow) -> "TransferFileOut":
        """As it is shown."""
        return TransferFileOut.model_validate(file)


class TransferStepOut(BaseModel, from_attributes=True):
    """Who did what with a file, and why."""

    action: StepAction
    who: str
    reason: str
    at: datetime


class WholeTransferFileOut(TransferFileOut):
    """With its hash, how many of its lines are in each state, and who did what."""

    sha256_hex: str
    states: dict[ItemState, int]
    steps: list[TransferStepOut]

    @staticmethod
    def of_view(view: FileView) -> "WholeTransferFileOut":
        """As it is shown."""
        return WholeTransferFileOut(
            **TransferFileOut.of(view.file).model_dump(),
            sha256_hex=view.sha256.hex(),
            states=dict(view.states),
            steps=[TransferStepOut.model_validate(each) for each in view.steps],
        )


class TransferItemOut(BaseModel):
    """A line of a file: the refund that it pays. ``bank_account``: its last four characters.
    ``code``: why the bank refused it."""

    number: int
    refund_id: UUID
    account_id: UUID
    account_number: str
    holder: str
    bank_account: str
    amount_micro: int
    currency: str
    state: ItemState
    code: str

    @staticmethod
    def of(item: TransferItem) -> "TransferItemOut":
        """As it is shown."""
        return TransferItemOut(
            number=item.number,
            refund_id=item.refund_id,
            account_id=item.account_id,
            account_number=item.account_number,
            holder=item.payee.holder,
            bank_account=masked(item.payee.bank_account),
            amount_micro=item.amount_micro,
            currency=item.currency,
            state=item.state,
            code=item.code,
        )


class TransferResultIn(Body):
    """A bank's answer as it gave it: pain.002, or text by the profile's mapping."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "bank": "icbc",
                    "name": "2026-03-06.csv",
                    "content_base64": "aWQ7b3V0Y29tZQpwLTE7T0sK",
                }
            ]
        },
    )

    bank: _Bank
    name: _Name
    content_base64: Base64Bytes


class TransferResultOut(BaseModel):
    """An answer that is kept. ``answers``: how many lines it tells of. ``repeated``: it was known
    before."""

    id: UUID
    bank: str
    name: str
    sha256_hex: str
    answers: int
    uploaded_by: str
    at: datetime
    repeated: bool

    @staticmethod
    def of(result: ResultFile, *, repeated: bool = False) -> "TransferResultOut":
        """As it is shown."""
        return TransferResultOut(
            id=result.id,
            bank=result.provider,
            name=result.name,
            sha256_hex=result.sha256.hex(),
            answers=result.answers,
            uploaded_by=result.uploaded_by,
            at=result.at,
            repeated=repeated,
        )


class TransferAnswerCloseIn(Reason):
    """``not_paid``: by the answer the bank does not pay the line that a file has of its refund:
    that may go into another file then, or be cancelled."""

    not_paid: bool = False


class TransferAnswerOut(BaseModel, from_attributes=True):
    """What a bank says of a line, and what became of that. ``named``: the line's id, as the bank
    has it. ``open``: a person has to look; until it is closed its refund is in no other file."""

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
    reason: str
    open: bool
    refund_id: UUID | None

    @staticmethod
    def of(answer: Answer) -> "TransferAnswerOut":
        """As it is shown."""
        return TransferAnswerOut.model_validate(answer)
