"""What the ledger's API takes and gives. Money: integer micro-units; energy: integer Wh."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prepay_ledger.fields import (
    AccountNumberField,
    Body,
    CurrencyField,
    InstantField,
    MeterIdField,
    MicroUnits,
    MonthField,
    RegisterField,
    TariffCodeField,
)


class BlockIn(Body):
    """A step of the price, up to ``upto_wh`` of the month's total; the last has no end."""

    upto_wh: Annotated[int, Field(gt=0, le=10**13)] | None = None
    price_micro_per_kwh: MicroUnits


class TariffIn(Body):
    """A tariff version, for whole months from ``effective_from`` on. One block is a flat tariff."""

    code: TariffCodeField
    effective_from: MonthField
    currency: CurrencyField
    timezone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]
    blocks: Annotated[list[BlockIn], Field(min_length=1, max_length=20)]
    standing_micro_per_day: MicroUnits = 0
    tax_bp: Annotated[int, Field(ge=0, le=10_000)] = 0


class AccountIn(Body):
    """A new account. ``protected``: may not be cut (hospital, school, municipal, medical)."""

    number: AccountNumberField
    currency: CurrencyField
    low_balance_micro: MicroUnits = 0
    emergency_credit_micro: MicroUnits = 0
    protected: bool = False


class TermsIn(Body):
    """What to change of an account's terms; what is left out stays."""

    low_balance_micro: MicroUnits | None = None
    emergency_credit_micro: MicroUnits | None = None
    protected: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for _, value in self):
            message = "name at least one of low_balance_micro, emergency_credit_micro, protected"
            raise ValueError(message)
        return self


class BindingIn(Body):
    """A meter to serve the account from ``effective_from``, where its register showed
    ``opening_wh``."""

    meter_id: MeterIdField
    tariff_code: TariffCodeField
    effective_from: InstantField
    opening_wh: RegisterField


class BindingEnd(Body):
    """When the meter ceases to serve the account."""

    effective_to: InstantField


class BindingOut(BaseModel):
    """A meter's service of an account, with what its newest month has cost so far."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    meter_id: str
    tariff_code: str
    effective_from: datetime
    effective_to: datetime | None
    opening_wh: int
    month: str | None = None
    max_wh: int | None = None
    last_read_at: datetime | None = None
    energy_micro: int = 0
    standing_micro: int = 0
    tax_micro: int = 0


class AccountOut(BaseModel):
    """An account as it stands. Positive balance: money left."""

    id: UUID
    number: str
    currency: str
    balance_micro: int
    low_balance_micro: int
    emergency_credit_micro: int
    protected: bool
    supply_state: str
    opened_at: datetime
    bindings: list[BindingOut] = []


class EntryOut(BaseModel):
    """What moved a balance: a charge is negative, a top-up positive."""

    journal_id: int
    kind: str
    source: str
    posted_at: datetime
    binding_id: UUID | None
    month: str | None
    amount_micro: int


class DecisionOut(BaseModel):
    """Why the supply stayed, went or came back: rules that fired and held, and the inputs."""

    id: UUID
    at: datetime
    state: str
    action: str | None
    fired: list[str]
    held: list[str]
    inputs: dict[str, Any]


class CommandOut(BaseModel):
    """A relay command and how far it came."""

    id: UUID
    decision_id: UUID
    meter_id: str
    action: str
    sequence: int
    status: str
    relay: str | None
    detail: str
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime
    finished_at: datetime | None


class TariffOut(BaseModel):
    """A tariff version; blocks as pairs of end (Wh, none for the last) and price."""

    code: str
    effective_from: str
    currency: str
    timezone: str
    blocks: list[tuple[int | None, int]]
    standing_micro_per_day: int
    tax_bp: int
    published_at: datetime


class TotalsOut(BaseModel):
    """The ledger as a whole. ``imbalance_micro`` and ``entries_differ_micro`` must be zero."""

    accounts_by_state: dict[str, int]
    accounts_below_zero: int
    balances_micro: int
    postings_micro: dict[str, int]
    imbalance_micro: int
    entries_differ_micro: int
    unbound_readings: int


class UnboundOut(BaseModel):
    """Readings of a meter that no binding covers, for one reason: ``no_binding`` (the meter serves
    nobody), ``before_first_binding``, ``after_last_binding`` or ``between_bindings``. Kept last at
    ``kept_at``."""

    meter_id: str
    reason: str
    readings: int
    first_read_at: datetime
    last_read_at: datetime
    kept_at: datetime


class UnboundPage(BaseModel):
    """In the order of meter ids, a meter whole; pass ``next`` as ``after``, none at the end."""

    meters: list[UnboundOut]
    next: str | None


class Page(BaseModel):
    """Where to read on: pass ``next`` as ``before``; none at the end."""

    entries: list[EntryOut]
    next: int | None
