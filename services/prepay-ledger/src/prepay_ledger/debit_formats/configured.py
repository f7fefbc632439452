"""Banks that take batch debits, as the settings name them: a document for each."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from prepay_ledger.bank_files.csv_mapping import Column, CsvForm, Document, Word
from prepay_ledger.debit_formats.values import Transfer

NAMES = frozenset(
    {
        "number", "id", "mandate_reference", "signed_on", "holder", "bank_account", "bank_code",
        "amount", "minor", "account_number",
    }
)  # fmt: skip
"""What may stand between braces in a line."""
HEAD_NAMES = frozenset(
    {"file_id", "collect_on", "pay_on", "made_on", "currency", "count", "sum", "sum_minor"}
)
"""Likewise, in the lines before and after all others; and in any line."""
_OF_DEBITS = frozenset({"collect_on", "mandate_reference", "signed_on"})
_OF_TRANSFERS = frozenset({"pay_on"})
PLACE = re.compile(r"\{([a-z_]+)\}")
_Day = Annotated[int, Field(ge=1, le=60)]


def _names(text: str, allowed: frozenset[str]) -> str:
    if unknown := sorted(set(PLACE.findall(text)) - allowed):
        message = f"{{{unknown[0]}}} is none of {', '.join(sorted(allowed))}"
        raise ValueError(message)
    return text


class FieldForm(Document):
    """One field of a line. ``width``: in bytes of the file's encoding; none: as long as it is."""

    value: str = Field(max_length=200)
    width: int | None = Field(default=None, ge=1, le=500)
    align: Literal["left", "right"] = "left"
    pad: str = Field(default=" ", min_length=1, max_length=1)


class LineField(FieldForm):
    """Of a line that is a debit."""

    value: Annotated[str, AfterValidator(lambda text: _names(text, NAMES | HEAD_NAMES))]


class HeadField(FieldForm):
    """Of a line that is of all debits."""

    value: Annotated[str, AfterValidator(lambda text: _names(text, HEAD_NAMES))]


class TextForm(Document):
    """How the bank takes text: fields of a fixed width, or with ``delimiter`` between."""

    encoding: Literal["utf-8", "gbk", "latin-1"] = "utf-8"
    delimiter: str = Field(default="", max_length=2)
    date_form: str = Field(default="%Y%m%d", max_length=40)
    line_end: Literal["\r\n", "\n"] = "\r\n"
    head: list[HeadField] = Field(default_factory=list[HeadField], max_length=50)
    columns: list[LineField] = Field(min_length=1, max_length=50)
    foot: list[HeadField] = Field(default_factory=list[HeadField], max_length=50)

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if not any("{id}" in each.value for each in self.columns):
            message = "no column has {id}: no answer could say which line it is of"
            raise ValueError(message)
        if not self.delimiter and any(
            each.width is None for each in (*self.head, *self.columns, *self.foot)
        ):
            message = "without a delimiter each field needs its width"
            raise ValueError(message)
        return self


class OutcomeColumn(Document):
    """A column that says by words what became of a line."""

    column: Column
    paid: list[Word] = Field(default_factory=list)
    refused: list[Word] = Field(default_factory=list)
    returned: list[Word] = Field(default_factory=list)


class ResultMapping(CsvForm):
    """Which column of a bank's answer says what."""

    id: Column
    outcome: OutcomeColumn
    code: Column | None = None
    amount: Column | None = None

    @property
    def columns(self) -> list[str]:
        """All that the file must have."""
        named = (self.id, self.outcome.column, self.code, self.amount)
        return [each for each in named if each is not None]


class Creditor(Document):
    """The utility, as the bank knows it. ``account``: of ours at the bank. ``id``: the creditor
    identifier of SEPA, or the number of the agreement with the bank."""

    name: str = Field(min_length=1, max_length=70)
    account: str = Field(pattern=r"^[^\s\x00-\x1f]{1,34}$")
    bank_code: str = Field(default="", max_length=20)
    id: str = Field(default="", max_length=35)


class BankProfile(Document):
    """A bank that takes files. Its answers are pain.002 or camt, or text by ``results``.
    ``codes``: the bank's own words for why a line was not paid, and ISO 20022's codes."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    remittance: str = Field(default="", max_length=140)
    text: TextForm | None = None
    results: ResultMapping | None = None
    codes: dict[str, str] = Field(default_factory=dict)

    def _check_text(self, *, is_text: bool, foreign: frozenset[str]) -> None:
        if is_text != (self.text is not None):
            message = "text belongs to kind text, which needs it"
            raise ValueError(message)
        if self.text is None:
            return
        form = self.text
        said = {
            name
            for each in (*form.head, *form.columns, *form.foot)
            for name in PLACE.findall(each.value)
        }
        if named := sorted(said & foreign):
            message = f"{{{named[0]}}} is nothing of such a file"
            raise ValueError(message)


class TransferProfile(BankProfile):
    """A bank that pays by files. ``payer``: the utility's own account there."""

    kind: Literal["pain.001", "text"]
    payer: Creditor

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self._check_text(is_text=self.kind == "text", foreign=_OF_DEBITS)
        return self

    def remittance_of(self, transfer: Transfer) -> str:
        """What the payee reads."""
        said = self.remittance or transfer.id
        return said.replace("{account_number}", transfer.account_number)


class DebitProfile(BankProfile):
    """A bank that takes batch debits.

    Money that was not there is asked for again after so many business days: ``retry_after_days`` of
    the first refusal, of the second, and so on; after the last in the next month.
    """

    kind: Literal["pain.008", "text"]
    creditor: Creditor
    instrument: Literal["CORE", "B2B"] = "CORE"
    retry_after_days: list[_Day] = Field(default_factory=lambda: [3, 7], max_length=10)
    instalment_days: _Day = 5
    """So many days before it is due an instalment, or a statement, is asked for, so that a file has
    it in time."""
    answer_days: _Day = 10
    """Business days after the collection until a person looks for an answer that did not come."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self._check_text(is_text=self.kind == "text", foreign=_OF_TRANSFERS)
        return self
