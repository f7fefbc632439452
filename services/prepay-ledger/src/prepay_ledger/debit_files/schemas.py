"""Batch debits over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from prepay_ledger.bank_files.values import masked
from prepay_ledger.debit_files.values import (
    Answer,
    AnswerState,
    DebitFileRow,
    DebitItem,
    FileState,
    FileView,
    KnownDebtor,
    ResultFile,
    StepAction,
)
from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.fields import DayField
from prepay_ledger.mandates.values import RequestState
from prewatt_common.http.fields import PRINTABLE, Body, Reason

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
_Profile = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE)]


class DebtorIn(Reason):
    """From whose account at which bank a mandate's money is taken. ``bank_account``: an IBAN, or
    the bank's number of it. ``bank_code``: a BIC, or the bank's number."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "holder": "Zhang Min",
                    "bank_account": "DE02500105170137075030",
                    "reason": "mandate signed on 2 March, scan 17",
                }
            ]
        },
    )

    holder: Annotated[str, Field(min_length=1, max_length=140, pattern=PRINTABLE)]
    bank_account: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{4,34}$")]
    bank_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{0,20}$")] = ""


class DebtorOut(BaseModel):
    """Whose account it is, who told us, and why. ``bank_account``: its last four characters."""

    mandate_id: UUID
    holder: str
    bank_account: str
    bank_code: str
    who: str
    reason: str
    at: datetime

    @staticmethod
    def of(known: KnownDebtor) -> "DebtorOut":
        """As it is shown."""
        return DebtorOut(
            mandate_id=known.mandate_id,
            holder=known.debtor.holder,
            bank_account=masked(known.debtor.bank_account),
            bank_code=known.debtor.bank_code,
            who=known.who,
            reason=known.reason,
            at=known.at,
        )


class DebitFileIn(Reason):
    """A file for a bank of the settings, and the business day on which it is to collect."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"provider": "icbc", "collect_on": "2026-03-05", "reason": "run of 3 March"}
            ]
        },
    )

    provider: _Profile
    collect_on: DayField


class DebitFileOut(BaseModel, from_attributes=True):
    """A file. ``lines`` and ``sum_micro``: of what is in it by now. ``bank_line``: by which all of
    it came in one sum."""

    id: UUID
    name: str
    provider: str
    currency: str
    collect_on: date
    cut_off: datetime
    state: FileState
    lines: int
    sum_micro: int
    bank_line: UUID | None

    @staticmethod
    def of(file: DebitFileRow) -> "DebitFileOut":
        """As it is shown."""
        return DebitFileOut.model_validate(file)


class DebitStepOut(BaseModel, from_attributes=True):
    """Who did what with a file, and why."""

    action: StepAction
    who: str
    reason: str
    at: datetime


class WholeDebitFileOut(DebitFileOut):
    """With its hash as far as it is made, how many of its lines are in each state, and who did
    what."""

    sha256_hex: str | None
    states: dict[RequestState, int]
    steps: list[DebitStepOut]

    @staticmethod
    def of_view(view: FileView) -> "WholeDebitFileOut":
        """As it is shown."""
        own = DebitFileOut.of(view.file).model_dump()
        return WholeDebitFileOut(
            **own,
            sha256_hex=view.sha256.hex() if view.sha256 else None,
            states={RequestState(state): count for state, count in view.states.items()},
            steps=[DebitStepOut.model_validate(each) for each in view.steps],
        )


class DebitItemOut(BaseModel):
    """A line of a file: the request that it is, and how far that is. ``code``: why it is so."""

    number: int
    request_id: UUID
    account_id: UUID
    account_number: str
    mandate_reference: str
    bank_account: str
    amount_micro: int
    currency: str
    state: RequestState
    code: str

    @staticmethod
    def of(row: tuple[DebitItem, RequestState, str]) -> "DebitItemOut":
        """As it is shown."""
        item, state, code = row
        return DebitItemOut(
            number=item.number,
            request_id=item.request_id,
            account_id=item.account_id,
            account_number=item.account_number,
            mandate_reference=item.mandate_reference,
            bank_account=masked(item.debtor.bank_account),
            amount_micro=item.amount_micro,
            currency=item.currency,
            state=state,
            code=code,
        )


class DebitResultIn(Body):
    """A bank's answer as it gave it: pain.002, camt, or text by the profile's mapping."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "provider": "icbc",
                    "name": "2026-03-06.csv",
                    "content_base64": "aWQ7b3V0Y29tZQpwLTE7T0sK",
                }
            ]
        },
    )

    provider: _Profile
    name: _Name
    content_base64: Base64Bytes


class DebitResultOut(BaseModel, from_attributes=True):
    """An answer that is kept. ``answers``: how many lines it tells of. ``repeated``: it was known
    before."""

    id: UUID
    provider: str
    name: str
    sha256_hex: str
    answers: int
    uploaded_by: str
    at: datetime
    repeated: bool

    @staticmethod
    def of(result: ResultFile, *, repeated: bool = False) -> "DebitResultOut":
        """As it is shown."""
        fields = {name: getattr(result, name) for name in result.__dataclass_fields__}
        return DebitResultOut.model_validate(
            fields | {"sha256_hex": result.sha256.hex(), "repeated": repeated}
        )


class DebitAnswerOut(BaseModel, from_attributes=True):
    """What a bank says of a line, and what became of that. ``named``: the line's id, as the bank
    has it. ``open``: a person has to look."""

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
    reason: str
    open: bool
    request: UUID | None

    @staticmethod
    def of(answer: Answer) -> "DebitAnswerOut":
        """As it is shown."""
        return DebitAnswerOut.model_validate(answer)
