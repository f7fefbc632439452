"""A meter as the gateway knows it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A meter to be registered."""

    meter_id: str
    model: str
    codec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered meter, and since when it is ``online`` or ``offline`` (none: it never told)."""

    meter_id: str
    model: str
    codec: str
    presence: str | None
    presence_at: datetime | None
    created_at: datetime
