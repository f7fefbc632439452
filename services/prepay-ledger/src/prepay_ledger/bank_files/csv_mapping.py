"""Which column of a bank's CSV says what: a document for each bank, in JSON or YAML."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

ENCODINGS = {
    "utf-8": "utf-8-sig", "gbk": "gb18030", "big5": "big5hkscs", "latin-1": "cp1252",
    "latin-2": "cp1250", "utf-16": "utf-16",
}  # fmt: skip
"""By the name in a mapping. GB 18030 has all of GBK, and Windows-1252 and -1250 all that people
write in what they call Latin-1 and Latin-2."""
Column = Annotated[str, Field(min_length=1, max_length=100)]
Word = Annotated[str, Field(max_length=40)]


def _escaped(text: str) -> str:
    return codecs.decode(text, "unicode_escape") if text.startswith("\\") else text


class Document(BaseModel):
    """Anything else than its fields is refused: a misspelt name would be a column not read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CsvForm(Document):
    """How a CSV file is written."""

    encoding: Literal["utf-8", "gbk", "big5", "latin-1", "latin-2", "utf-16"] = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=2), AfterValidator(_escaped)] = ","
    lines_before_header: int = Field(default=0, ge=0, le=100)
    ends_at: list[Word] = Field(default_factory=list, max_length=10)
    """A line that begins with one of these words is the end: what follows are sums and remarks."""
    decimal: Literal[".", ","] = "."
    group: Literal["", ",", ".", " ", "'"] = ""
    """What stands between thousands; of spaces and apostrophes any kind."""

    @model_validator(mode="after")
    def _tells_decimals(self) -> Self:
        if self.group == self.decimal:
            message = "decimal and group are the same character"
            raise ValueError(message)
        return self


class SignColumn(Document):
    """A column that says by words which way the money went."""

    column: Column
    credit: list[Word] = Field(min_length=1)
    debit: list[Word] = Field(min_length=1)


class CsvMapping(CsvForm):
    """Columns are named as in the header line. One of: ``amount`` (with a sign, or with
    ``direction``), or ``credit`` and ``debit``, of which each line has one."""

    account: str | None = Field(default=None, max_length=64)
    """Of files that do not name it."""
    account_column: Column | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    currency_column: Column | None = None
    booked_on: Column
    value_on: Column | None = None
    date_form: str = Field(default="%Y-%m-%d", max_length=40)
    """As strptime has it."""
    amount: Column | None = None
    direction: SignColumn | None = None
    credit: Column | None = None
    debit: Column | None = None
    balance: Column | None = None
    """After the line; each is checked then."""
    newest_first: bool = False
    bank_reference: Column | None = None
    structured: Column | None = None
    text: list[Column] = Field(default_factory=list, max_length=10)
    other_party: Column | None = None
    charge_words: list[Word] = Field(default_factory=list, max_length=50)
    """A debit whose text has one of them is a charge."""
    return_words: list[Word] = Field(default_factory=list, max_length=50)
    """A line whose text has one of them is a return."""

    @model_validator(mode="after")
    def _says_all(self) -> Self:
        if (self.account is None) == (self.account_column is None):
            message = "name the account by account or by account_column, one of them"
            raise ValueError(message)
        if (self.currency is None) == (self.currency_column is None):
            message = "name the currency by currency or by currency_column, one of them"
            raise ValueError(message)
        if (self.amount is None) == (self.credit is None and self.debit is None):
            message = "name amount, or credit and debit: one of both ways"
            raise ValueError(message)
        if self.amount is None and (self.credit is None or self.debit is None):
            message = "name both credit and debit"
            raise ValueError(message)
        if self.direction is not None and self.amount is None:
            message = "direction belongs to amount"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> list[str]:
        """All that the file must have."""
        named = [
            self.account_column, self.currency_column, self.booked_on, self.value_on, self.amount,
            self.credit, self.debit, self.balance, self.bank_reference, self.structured,
            self.other_party, self.direction.column if self.direction else None, *self.text,
        ]  # fmt: skip
        return [each for each in named if each is not None]
