"""On which days banks work: pure."""

from datetime import date, timedelta

from prewatt_metering.tariffs.holidays import HolidayCalendar

_ONE = timedelta(days=1)
_SATURDAY = 5
_LOOKED_AT_MAX = 60
"""Days off in a row that no calendar has; beyond that the calendar is wrong, and is not gone by."""


class BusinessDays:
    """Monday to Friday but for the holidays of ``calendar``, and weekends that it declares working.

    Raises ValueError for a country that no calendar is known of.
    """

    def __init__(self, calendar: HolidayCalendar) -> None:
        self._is_holiday = calendar.lookup()

    def has(self, day: date) -> bool:
        """Whether banks work on that day."""
        is_holiday = self._is_holiday(day)
        return day.weekday() < _SATURDAY if is_holiday is None else not is_holiday

    def on_or_after(self, day: date) -> date:
        """The first business day that is not before ``day``."""
        for _ in range(_LOOKED_AT_MAX):
            if self.has(day):
                return day
            day += _ONE
        return day

    def after(self, day: date, days: int) -> date:
        """The ``days``-th business day after ``day``."""
        for _ in range(days):
            day = self.on_or_after(day + _ONE)
        return day

    def count(self, after: date, before: date) -> int:
        """How many lie between the two, neither of which counts."""
        days = (before - after).days - 1
        return sum(self.has(after + timedelta(days=each)) for each in range(1, days + 1))

    def before(self, day: date, days: int) -> date:
        """The ``days``-th business day before ``day``."""
        for _ in range(days):
            day -= _ONE
            for _ in range(_LOOKED_AT_MAX):
                if self.has(day):
                    break
                day -= _ONE
        return day
