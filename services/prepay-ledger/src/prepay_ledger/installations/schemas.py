"""Bindings and unbound readings over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from prepay_ledger.fields import InstantField, MeterIdField, RegisterField, TariffCodeField
from prewatt_common.http.fields import Body


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


class UnboundOut(BaseModel, from_attributes=True):
    """Readings of a meter that no binding covers, for one reason: ``no_binding`` (the meter serves
    nobody), ``before_first_binding``, ``after_last_binding`` or ``between_bindings``. Kept last at
    ``kept_at``."""

    reason: str
    readings: int
    first_read_at: datetime
    last_read_at: datetime
    kept_at: datetime


class UnboundMeterOut(BaseModel):
    """A meter with readings that nobody pays for, by reason."""

    meter_id: str
    unbound: list[UnboundOut]
