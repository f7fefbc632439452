"""Mandates and their requests over HTTP. Money: integer micro-units of the account's currency;
days are of the customer's zone."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from prepay_ledger.fields import DayField, InstantField
from prepay_ledger.mandates.values import (
    Consent,
    Mandate,
    MandateState,
    RequestState,
    StepAction,
    Terms,
    TopUpRequest,
    Waits,
)
from prewatt_common.http.fields import PRINTABLE, Body, Reason

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
_AmountMicro = Annotated[int, Field(gt=0, le=10**15)]
_ThresholdMicro = Annotated[int, Field(ge=-(10**15), le=10**15)]
_TERMS_EXAMPLE: dict[str, JsonValue] = {
    "threshold_micro": 20_000_000,
    "amount_micro": 100_000_000,
    "month_micro_max": 300_000_000,
    "month_requests_max": 3,
    "valid_from": "2026-12-01",
}
_CONSENT_EXAMPLE: dict[str, JsonValue] = {
    "by": "the customer, by app",
    "reference": "session-88213",
    "at": "2026-11-29T08:00:00Z",
}


class TermsIn(Body):
    """What the customer agrees to. ``threshold_micro``: at this balance or below it
    ``amount_micro`` is asked for, at most so much and so often in a calendar month. ``valid_until``
    is the day after the last. ``instalment_micro_max``: a bank that takes files collects
    instalments of debts too, as they fall due, each up to so much and within the month's limits;
    without it none. ``statement_micro_max``: likewise what a post-paid account owes by a
    statement; such an account's mandate needs it, and asks for nothing else."""

    threshold_micro: _ThresholdMicro
    amount_micro: _AmountMicro
    month_micro_max: _AmountMicro
    month_requests_max: Annotated[int, Field(ge=1, le=31)]
    valid_from: DayField
    valid_until: DayField | None = None
    instalment_micro_max: _AmountMicro | None = None
    statement_micro_max: _AmountMicro | None = None

    def terms(self) -> Terms:
        """As the rules have them."""
        return Terms(**self.model_dump())


class ConsentIn(Body):
    """Who agreed, when, and by what paper or session: each consent has a reference of its own."""

    by: _Name
    reference: _Name
    at: InstantField

    def consent(self) -> Consent:
        """As the rules have it."""
        return Consent(**self.model_dump())


class MandateIn(Reason):
    """A mandate that a customer has given. ``reference``: the provider's token for it, never the
    number of a card; of Stripe ``cus_.../pm_...``."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account_id": "01978a3c-5f1e-7000-8000-000000000001",
                    "provider": "cards",
                    "reference": "mandate-5f1e88",
                    "terms": _TERMS_EXAMPLE,
                    "consent": _CONSENT_EXAMPLE,
                    "reason": "asked for in the app",
                }
            ]
        },
    )

    account_id: UUID
    provider: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    reference: _Name
    terms: TermsIn
    consent: ConsentIn


class MandateChange(Reason):
    """All of what is agreed from now on. ``consent``: needed where it is more than before, or by
    another reference, and by which a suspended mandate is active again."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "reference": "mandate-5f1e88",
                    "terms": _TERMS_EXAMPLE | {"month_requests_max": 2},
                    "reason": "the customer called",
                }
            ]
        },
    )

    reference: _Name
    terms: TermsIn
    consent: ConsentIn | None = None


class TermsOut(BaseModel, from_attributes=True):
    """What the customer has agreed to."""

    threshold_micro: int
    amount_micro: int
    month_micro_max: int
    month_requests_max: int
    valid_from: date
    valid_until: date | None
    instalment_micro_max: int | None
    statement_micro_max: int | None


class ConsentOut(BaseModel, from_attributes=True):
    """Who agreed, by what and when."""

    by: str
    reference: str
    at: datetime


class MandateOut(BaseModel, from_attributes=True):
    """A mandate as it stands. ``waits``: why nothing is asked for though the balance is low;
    ``failures``: how many requests in a row came to nothing."""

    id: UUID
    account_id: UUID
    provider: str
    reference: str
    terms: TermsOut
    consent: ConsentOut
    state: MandateState
    state_reason: str
    failures: int
    retry_on: date | None
    waits: Waits | None

    @staticmethod
    def of(mandate: Mandate) -> "MandateOut":
        """As it is shown."""
        return MandateOut.model_validate(mandate)


class MandateStepOut(BaseModel, from_attributes=True):
    """What was done with a mandate, by whom and why, and what was agreed by then."""

    id: UUID
    action: StepAction
    reference: str
    threshold_micro: int
    amount_micro: int
    month_micro_max: int
    month_requests_max: int
    instalment_micro_max: int | None
    statement_micro_max: int | None
    consent_by: str
    consent_reference: str
    who: str
    reason: str
    at: datetime


class TopUpRequestOut(BaseModel, from_attributes=True):
    """Money that a mandate asked for. ``code``: the provider's word, or ours, for why it stands so;
    ``payment_id``: the provider's id of the payment, empty as long as it has not said.
    ``debt_id``: whose instalment it is; ``statement_id``: which statement; both null: a top-up."""

    id: UUID
    mandate_id: UUID
    account_id: UUID
    provider: str
    amount_micro: int
    currency: str
    requested_on: date
    requested_at: datetime
    state: RequestState
    code: str
    payment_id: str
    sends: int
    closed_at: datetime | None
    debt_id: UUID | None
    statement_id: UUID | None

    @staticmethod
    def of(request: TopUpRequest) -> "TopUpRequestOut":
        """As it is shown."""
        return TopUpRequestOut.model_validate(request)
