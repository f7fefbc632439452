"""Which column of a provider's CSV says what: a document for each provider, in JSON or YAML."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from prepay_ledger.bank_files.csv_mapping import Column, CsvForm, Document, Word
from prewatt_common.zone_names import wrong_zone


def _zone(name: str) -> str:
    if wrong := wrong_zone(name):
        raise ValueError(wrong)
    return name


ZoneName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]


class KindColumn(Document):
    """A column that says by words what a line is. Of other words it is kept, and a person looks."""

    column: Column
    payment: list[Word] = Field(min_length=1)
    refund: list[Word] = Field(default_factory=list)
    reversal: list[Word] = Field(default_factory=list)
    chargeback: list[Word] = Field(default_factory=list)
    chargeback_won: list[Word] = Field(default_factory=list)
    fee: list[Word] = Field(default_factory=list)
    payout: list[Word] = Field(default_factory=list)


class TotalsRow(Document):
    """The line whose ``column`` says ``word`` has the sums of the amounts, and of the fees, of all
    lines as they are written; in ``count``, how many they are."""

    column: Column
    word: Word
    count: Column | None = None


class SettlementMapping(CsvForm):
    """Columns are named as in the header line. Without ``kind`` a line is a payment, or a refund
    where its amount is below zero."""

    payment_id: Column
    movement_id: Column | None = None
    """Of refunds and disputes their own id; else the payment's is taken, once a payment."""
    amount: Column
    """Before fees."""
    fee: Column | None = None
    """What the provider keeps, above zero."""
    net: Column | None = None
    """What is left after the fee; checked then."""
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    currency_column: Column | None = None
    account_number: Column | None = None
    kind: KindColumn | None = None
    time: Column | None = None
    time_form: str = Field(default="%Y-%m-%d %H:%M:%S", max_length=40)
    """As strptime has it."""
    zone: ZoneName | None = None
    """Of times that tell none; else they are in the provider's."""
    reference: Column | None = None
    """Of a payout: as the bank's statement names it."""
    text: Column | None = None
    totals: TotalsRow | None = None

    @model_validator(mode="after")
    def _names_currency(self) -> Self:
        if (self.currency is None) == (self.currency_column is None):
            message = "name the currency by currency or by currency_column, one of them"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> list[str]:
        """All that the file must have."""
        named = [
            self.payment_id, self.movement_id, self.amount, self.fee, self.net,
            self.currency_column, self.account_number, self.time, self.reference, self.text,
            self.kind.column if self.kind else None,
            self.totals.column if self.totals else None,
            self.totals.count if self.totals else None,
        ]  # fmt: skip
        return [each for each in named if each is not None]
