"""Billing periods: half-open ranges of local days."""

from dataclasses import dataclass
from datetime import date

from prewatt_metering.tariffs.document import Cycle


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Local days from ``first`` up to and without ``end``. Raises ValueError for an empty one.

    >>> Period(date(2026, 2, 1), date(2026, 3, 1)).days
    28
    """

    first: date
    end: date

    def __post_init__(self) -> None:
        if self.first >= self.end:
            message = f"a period from {self.first} to {self.end} has no day"
            raise ValueError(message)

    @property
    def days(self) -> int:
        """Calendar days."""
        return (self.end - self.first).days

    @property
    def months(self) -> int:
        """Whole calendar months that it is made of; 0 where it is not."""
        if self.first.day != 1 or self.end.day != 1:
            return 0
        return (self.end.year - self.first.year) * 12 + self.end.month - self.first.month

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.end

    def __str__(self) -> str:
        return f"{self.first}/{self.end}"


def period_of(day: date, *, cycle: Cycle) -> Period:
    """The period of ``cycle`` that ``day`` lies in.

    >>> str(period_of(date(2026, 1, 5), cycle=Cycle(months=2, first_month=2)))
    '2025-12-01/2026-02-01'
    """
    month = day.year * 12 + day.month - 1
    first = month - (month - (cycle.first_month - 1)) % cycle.months
    return Period(_first_of(first), _first_of(first + cycle.months))


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
