"""Debts over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.debts.values import INSTALMENTS_MAX, BillCause, Debt
from prepay_ledger.fields import DayField
from prewatt_common.http.fields import Reason


class PlanIn(Reason):
    """In so many instalments, a month apart, the first by ``first_due``."""

    instalments: Annotated[int, Field(ge=1, le=INSTALMENTS_MAX)]
    first_due: DayField


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
    """What an account owes apart from its balance: it starts no cut. ``plan``: empty while nobody
    has agreed on instalments, and nothing is due."""

    id: UUID
    account_id: UUID
    source: str
    cause: BillCause
    our_fault: bool
    used_until: date
    currency: str
    amount_micro: int
    paid_micro: int
    left_micro: int
    created_at: datetime
    plan: list[InstalmentOut]
    planned: PlannedOut | None


def debt_out(debt: Debt) -> DebtOut:
    """As it is shown."""
    return DebtOut.model_validate(debt)
