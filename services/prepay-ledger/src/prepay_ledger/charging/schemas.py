"""Parked meters over HTTP."""

from datetime import date, datetime

from pydantic import BaseModel

from prepay_ledger.charging.values import ReleaseOutcome


class ParkedMeterOut(BaseModel, from_attributes=True):
    """A meter whose readings are kept and not charged, since one of them raised ``error``: that of
    ``record`` (topic/partition/offset). ``readings`` wait by now."""

    meter_id: str
    since: datetime
    error: str
    record: str
    readings: int
    first_read_at: datetime | None
    last_read_at: datetime | None


class ReleasedOut(BaseModel):
    """The meter is charged again; so many readings had waited."""

    meter_id: str
    readings: int


class ReleaseStepOut(BaseModel, from_attributes=True):
    """Somebody had the readings of a parked meter taken again: ``released``, or ``still-odd`` with
    the error in ``detail``. ``since``, ``error`` and ``record`` say why it was parked; once ``day``
    is sealed, it and ``id`` prove the step."""

    id: int
    meter_id: str
    since: datetime
    error: str
    record: str
    who: str
    reason: str
    outcome: ReleaseOutcome
    detail: str
    readings: int
    at: datetime
    day: date
