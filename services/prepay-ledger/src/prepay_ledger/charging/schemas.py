"""Parked meters over HTTP."""

from datetime import datetime

from pydantic import BaseModel


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
