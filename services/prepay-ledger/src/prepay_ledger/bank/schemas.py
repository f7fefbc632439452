"""Banks' statements over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from prepay_ledger.bank.settle_sum import SUM_MAX
from prepay_ledger.bank.values import BankAccount, BankFile, BankLine, LineState
from prepay_ledger.bank_files.csv_mapping import CsvMapping
from prepay_ledger.bank_files.values import FileFormat, LineKind
from prepay_ledger.fields import CurrencyField
from prewatt_common.http.fields import PRINTABLE, Body, Reason

BankAccountField = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f]{1,64}$")]
"""IBAN, or the bank's number of it, without spaces."""
ShortText = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]


class BankAccountIn(Reason):
    """An account of the utility at a bank, and why its statements are taken."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account": "DE02120300000000202051",
                    "currency": "EUR",
                    "name": "Collections, First Bank",
                    "reason": "contract 2026-118",
                }
            ]
        },
    )

    account: BankAccountField
    currency: CurrencyField
    name: ShortText


class BankAccountOut(BaseModel, from_attributes=True):
    """An account of the utility at a bank. What the bank holds for it is the ledger account
    ``clearing:bank/ACCOUNT``."""

    account: str
    currency: str
    name: str
    opened_by: str
    reason: str
    at: datetime

    @staticmethod
    def of(account: BankAccount) -> "BankAccountOut":
        """As it is shown."""
        return BankAccountOut.model_validate(account)


class StatementIn(Body):
    """A file as the bank gave it: camt.052, camt.053, camt.054 or MT940; CSV with ``mapping``."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "2026-03-02.csv",
                    "content_base64": "ZGF5O2Ftb3VudDt0ZXh0CjAyLjAzLjIwMjY7NTAsMDA7UkYxODUzOTAwNzU0"
                    "NzAzNAo=",
                    "mapping": {
                        "account": "DE02120300000000202051",
                        "currency": "EUR",
                        "delimiter": ";",
                        "booked_on": "day",
                        "date_form": "%d.%m.%Y",
                        "amount": "amount",
                        "decimal": ",",
                        "text": ["text"],
                    },
                }
            ]
        },
    )

    name: ShortText
    content_base64: Base64Bytes
    mapping: CsvMapping | None = None


class StatementHeadOut(BaseModel, from_attributes=True):
    """A statement in a file."""

    account: str
    currency: str
    number: str
    opening_micro: int | None
    closing_micro: int | None
    lines: int


class BankFileOut(BaseModel, from_attributes=True):
    """A file that is kept. ``mapping``: of CSV, what of it was said."""

    id: UUID
    name: str
    format: FileFormat
    sha256_hex: str
    mapping: dict[str, Any] | None
    statements: list[StatementHeadOut]
    lines: int
    uploaded_by: str
    at: datetime

    @staticmethod
    def of(file: BankFile) -> "BankFileOut":
        """As it is shown."""
        return BankFileOut.model_validate(_shown(file))


class WholeBankFileOut(BankFileOut):
    """With how many of its lines are in each state. ``repeated``: the file was known before."""

    states: dict[LineState, int]
    repeated: bool = False

    @staticmethod
    def with_states(
        file: BankFile, states: dict[LineState, int], *, repeated: bool = False
    ) -> "WholeBankFileOut":
        """As it is shown."""
        shown = _shown(file) | {"states": states, "repeated": repeated}
        return WholeBankFileOut.model_validate(shown)


class BankLineOut(BaseModel, from_attributes=True):
    """A line of a statement, and what became of it. ``amount_micro``: below zero where money went
    out. ``payment``: what it paid or took back. ``refers_to``: the line that it repeats, is
    part of, may be, or takes back."""

    id: UUID
    file_id: UUID
    number: int
    account: str
    currency: str
    statement: str
    kind: LineKind
    amount_micro: int
    booked_on: date
    value_on: date | None
    booking: str
    transaction: str
    end_to_end_id: str
    structured: str
    text: str
    other_party: str
    state: LineState
    reason: str
    open: bool
    payment: UUID | None
    refers_to: UUID | None

    @staticmethod
    def of(line: BankLine) -> "BankLineOut":
        """As it is shown."""
        said = {name: getattr(line.line, name) for name in line.line.__dataclass_fields__}
        rest = {name: getattr(line, name) for name in line.__dataclass_fields__}
        return BankLineOut.model_validate(rest | said)


class SumIn(Reason):
    """The refunds that a sum of the bank is, whose parts it has not told: all that it covers."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "refunds": [
                        "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50",
                        "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f51",
                    ],
                    "reason": "transfers of 2 March, advice 17",
                }
            ]
        },
    )

    refunds: Annotated[frozenset[UUID], Field(min_length=1, max_length=SUM_MAX)]


class GapOut(BaseModel, from_attributes=True):
    """A statement that begins with another balance than any before it ended with: one of between
    ``after`` and ``first_day`` is missing, or more. ``missing_micro``: what they come to."""

    id: UUID
    account: str
    currency: str
    statement: str
    after: date
    first_day: date
    opening_micro: int
    missing_micro: int
    accepted_by: str | None
    accepted_reason: str | None
    accepted_at: datetime | None


class SilentAccountOut(BaseModel, from_attributes=True):
    """An account that no statement came of in time. ``last_day``: of the last that came; none:
    there never was one. ``business_days``: how many lie between that and today."""

    account: str
    name: str
    last_day: date | None
    business_days: int


def _shown(file: BankFile) -> dict[str, Any]:
    fields = {name: getattr(file, name) for name in file.__dataclass_fields__}
    return fields | {"sha256_hex": file.sha256.hex(), "lines": file.lines}
