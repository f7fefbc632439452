"""Agreements over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.fields import DayField, TariffCodeField
from prewatt_common.http.fields import Reason


class AgreementIn(Reason):
    """The account is to be charged by the tariff on local days from ``first_day`` up to, without,
    ``end_day``."""

    tariff_code: TariffCodeField
    first_day: DayField
    end_day: DayField | None = None
    capacity_va: Annotated[int, Field(gt=0, le=10**12)] | None = None
    contracted_w: Annotated[int, Field(gt=0, le=10**12)] | None = None


class AgreementEnd(Reason):
    """The local day on which the agreement does not hold any more."""

    end_day: DayField


class AgreementOut(BaseModel, from_attributes=True):
    """An agreement as it stands."""

    id: UUID
    account_id: UUID
    tariff_code: str
    first_day: date
    end_day: date | None
    capacity_va: int | None
    contracted_w: int | None
    revision: int
