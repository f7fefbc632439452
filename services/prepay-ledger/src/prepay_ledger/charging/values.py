"""What is kept of a meter whose readings raised."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

PARKED_MAX = 10
"""As many meters may be odd. Where more are, it is the release or the schema, and all stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedMeter:
    """A meter whose readings are set aside: since when, for what error, and where the reading lies
    that it was found with (topic/partition/offset). ``waits_for_exports``: for no error, but for
    what has left the database; a job takes it up, and none of `PARKED_MAX` is taken."""

    meter_id: str
    since: datetime
    error: str
    record: str
    waits_for_exports: bool = False


class ReleaseOutcome(StrEnum):
    """What became of a parked meter whose readings somebody had taken again."""

    RELEASED = "released"
    STILL_ODD = "still-odd"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStep:
    """Who had the meter's readings taken again, why, what became of them and how many were taken;
    ``detail`` is the error where they raised again."""

    meter: ParkedMeter
    who: str
    reason: str
    outcome: ReleaseOutcome
    detail: str
    readings: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFinding:
    """Who has looked at a finding, by its check, times and both values (of a stretch that goes on:
    by its check and begin), and why it holds no cut any more."""

    id: UUID
    meter_id: str
    check: str
    begin_us: int
    end_us: int
    before: int | None
    after: int | None
    seen_by: str
    reason: str
    at: datetime
