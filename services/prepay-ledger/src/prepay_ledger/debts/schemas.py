"""Debts over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from prepay_ledger.debts.values import INSTALMENTS_MAX, BillCause, Debt
from prepay_ledger.fields import DayField
from prewatt_common.http.fields import Reason


class PlanIn(Reason):
    """In so many instalments, a month apart, the first by ``first_due``; or by a part of each
    top-up, in ppm."""

    instalments: Annotated[int | None, Field(ge=1, le=INSTALMENTS_MAX)] = None
    first_due: DayField | None = None
    topup_share_ppm: Annotated[int | None, Field(ge=1, le=1_000_000)] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        by_instalments = self.topup_share_ppm is None
        if {self.instalments is not None, self.first_due is not None} != {by_instalments}:
            message = "give instalments and first_due, or topup_share_ppm alone"
            raise ValueError(message)
        return self


class PauseIn(Reason):
    """Nothing is paid of it before the day ``until``; null: it is paid again from now on."""

    until: DayField | None


class WriteOffIn(Reason):
    """So much is not to be asked for any more; left out: all that is left."""

    amount_micro: Annotated[int | None, Field(ge=1, le=10**15)] = None


class InstalmentOut(BaseModel, from_attributes=True):
    """So much is to be paid by that day."""

    due_on: date
    amount_micro: int


class PlannedOut(BaseModel, from_attributes=True):
    """Who agreed on the instalments, why and when."""

    by: str
    reason: str
    at: datetime


class DebtOut(BaseModel, from_attributes=True):
    """What an account owes apart from its balance: it starts no cut. ``plan``: what is still to
    be paid of its instalments, which sums to ``left_micro``; empty while nobody has agreed on any:
    nothing is due then. ``instalments`` and ``first_due``: as agreed. ``topup_share_ppm``: that
    part of each top-up pays it. ``lowered_micro``: by later corrections of the same period;
    ``written_off_micro``: by people. ``paused_until``: nothing is paid of it before that day."""

    id: UUID
    account_id: UUID
    source: str
    agreement_id: UUID
    period_first: date
    cause: BillCause
    our_fault: bool
    used_until: date
    currency: str
    amount_micro: int
    paid_micro: int
    lowered_micro: int
    written_off_micro: int
    left_micro: int
    created_at: datetime
    paused_until: date | None
    plan: Annotated[list[InstalmentOut], Field(validation_alias="ahead")]
    instalments: int | None
    first_due: date | None
    topup_share_ppm: int | None
    planned: PlannedOut | None


def debt_out(debt: Debt) -> DebtOut:
    """As it is shown."""
    return DebtOut.model_validate(debt)
