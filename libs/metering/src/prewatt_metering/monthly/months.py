"""Billing months and days in a utility's timezone.

A reading tells of the interval that *ends* at its instant. So for readings a month (and a day) is
the range (start, end]: the reading at local midnight of the 1st closes the month before.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_FORMAT = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_INSTANT_BEFORE = timedelta(microseconds=1)
YEAR_MIN, YEAR_MAX = 1970, 9998


@dataclass(frozen=True, slots=True, order=True)
class BillingMonth:
    """A calendar month of the utility. Raises ValueError for a month that does not exist."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (YEAR_MIN <= self.year <= YEAR_MAX and 1 <= self.month <= 12):
            message = f"no such billing month: year {self.year}, month {self.month}"
            raise ValueError(message)

    @staticmethod
    def parse(text: str) -> "BillingMonth":
        """From ``YYYY-MM``. Raises ValueError for anything else."""
        match = _FORMAT.fullmatch(text)
        if match is None:
            message = f"a billing month is written YYYY-MM, not {text!r}"
            raise ValueError(message)
        return BillingMonth(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def next(self) -> "BillingMonth":
        """The month after."""
        return (
            BillingMonth(self.year + 1, 1)
            if self.month == 12
            else BillingMonth(self.year, self.month + 1)
        )

    def previous(self) -> "BillingMonth":
        """The month before."""
        return (
            BillingMonth(self.year - 1, 12)
            if self.month == 1
            else BillingMonth(self.year, self.month - 1)
        )

    def days(self) -> int:
        """How many calendar days it has."""
        return calendar.monthrange(self.year, self.month)[1]

    def start(self, tz: ZoneInfo) -> datetime:
        """Its first instant, UTC. Where clocks skip midnight, the first instant of that day."""
        return datetime(self.year, self.month, 1, tzinfo=tz).astimezone(UTC)

    def end(self, tz: ZoneInfo) -> datetime:
        """The first instant of the next month, UTC."""
        return self.next().start(tz)


def month_of_reading(*, at: datetime, tz: ZoneInfo) -> BillingMonth:
    """The month of the interval that ends at ``at``. See `MonthClock` for the hot path."""
    day = _day_ending(at, tz)
    return BillingMonth(day.year, day.month)


def _day_ending(at: datetime, tz: ZoneInfo) -> date:
    # The step back is taken in UTC: wall-clock arithmetic would go astray where clocks change.
    return (at.astimezone(UTC) - _INSTANT_BEFORE).astimezone(tz).date()


class MonthClock:
    """Months and days of one timezone. Remembers the last of each: readings come close together.

    Not a clock that tells the present; it only knows the calendar.
    """

    __slots__ = (
        "_bounds", "_day", "_day_end", "_day_start", "_month", "_month_end", "_month_start", "tz",
    )  # fmt: skip

    def __init__(self, tz: ZoneInfo) -> None:
        self.tz = tz
        self._bounds: dict[BillingMonth, tuple[datetime, datetime]] = {}
        self._remember_day(date(2000, 1, 1))
        self._remember_month(BillingMonth(2000, 1))

    def month_of(self, at: datetime) -> BillingMonth:
        """The billing month of a reading at ``at``: the one the interval before it lies in."""
        if not self._month_start < at <= self._month_end:
            self._remember_month(month_of_reading(at=at, tz=self.tz))
        return self._month

    def day_of(self, at: datetime) -> date:
        """The local date of the interval that ends at ``at``."""
        if not self._day_start < at <= self._day_end:
            self._remember_day(_day_ending(at, self.tz))
        return self._day

    def bounds(self, month: BillingMonth) -> tuple[datetime, datetime]:
        """The instants at which ``month`` begins and ends, UTC."""
        known = self._bounds.get(month)
        if known is None:
            known = self._bounds[month] = (month.start(self.tz), month.end(self.tz))
        return known

    def first_day_from(self, at: datetime) -> date:
        """The local date of the interval that begins at ``at``: at midnight, the new day."""
        return at.astimezone(self.tz).date()

    def _remember_month(self, month: BillingMonth) -> None:
        self._month = month
        self._month_start, self._month_end = self.bounds(month)

    def _remember_day(self, day: date) -> None:
        self._day = day
        self._day_start = _midnight(day, self.tz)
        self._day_end = _midnight(day + timedelta(days=1), self.tz)


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)
