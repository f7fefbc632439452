"""What is asked of a meter's use, and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import ClassVar, NamedTuple
from uuid import UUID

from billing.readings.values import Reading
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.terms.values import Agreement
from prewatt_common.refusals import Refusal
from prewatt_metering.calendar.local import LocalCalendar

READINGS_MAX = 200_000
"""Of a meter, looked at for one answer: some 40 MB. A meter that reads each minute has as many in
four months."""


class Resolution(StrEnum):
    """Where one slice ends and the next begins, in local time."""

    INTERVAL = "interval"
    """At each trusted reading."""
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


DAYS_MAX = {
    Resolution.INTERVAL: 31,
    Resolution.HOUR: 93,
    Resolution.DAY: 400,
    Resolution.MONTH: 800,
}
"""Local days that one question may be about. A day is two files or three to be read."""


class Quality(StrEnum):
    """How a slice's energy is known."""

    MEASURED = "measured"
    """A trusted reading, or a register read at an installation, stands at each of its ends."""
    INTERPOLATED = "interpolated"
    """All of its time lies between readings, and none stands at one of its ends: by elapsed time,
    as the charge."""
    PARTIAL = "partial"
    """Of some of its time nothing is known; the energy is that of the rest."""
    MISSING = "missing"
    """Nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Local days from ``first`` up to, without, ``end``, of a meter."""

    meter_id: str
    first: date
    end: date
    resolution: Resolution

    def __post_init__(self) -> None:
        """Raises `RangeRefused`."""
        days, days_max = (self.end - self.first).days, DAYS_MAX[self.resolution]
        if not 0 < days <= days_max:
            message = (
                f"From {self.first} up to, without, {self.end} are {days} days; by "
                f"{self.resolution} ask for 1 to {days_max}, the first day first"
            )
            raise RangeRefused(message)


class Slice(NamedTuple):
    """Use of [``begin_us``, ``end_us``), in Wh at the point of supply; none where it is missing."""

    begin_us: int
    end_us: int
    energy_wh: int | None
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The answer. ``account_id`` is whom the meter serves at the end of the range, or served last
    before, and ``calendar`` the one of that account's tariff."""

    question: Question
    account_id: UUID
    calendar: LocalCalendar
    slices: Sequence[Slice]

    @property
    def timezone(self) -> str:
        """Its IANA name."""
        return self.calendar.tz.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that is known of a meter at one moment; each of its readings is in a file or waits."""

    terms: MeterTerms
    agreements: Sequence[tuple[Agreement, Tariff]]
    files: Mapping[date, Sequence[str]]
    """Paths of the archive's files that may hold readings of it, by the UTC day of these; days
    ascend."""
    waiting: Sequence[Reading]
    """In no file yet, of any day."""


class RangeRefused(Refusal):
    """The range is none, or larger than one answer is for."""

    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    kind: ClassVar[str] = "usage-out-of-range"


class NoLocalTime(Refusal):
    """Nobody has said in which timezone the meter's days are."""

    kind: ClassVar[str] = "no-local-time"
