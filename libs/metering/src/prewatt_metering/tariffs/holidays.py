"""Which days are holidays, from a country's calendar or from the document's own list.

China's calendar also has working weekends: days that the State Council declares working in exchange
for a longer holiday. They count as working days whatever their weekday.
"""

from collections.abc import Callable
from datetime import date
from functools import cache

import chinese_calendar
import holidays

from prewatt_metering.tariffs.fields import Strict


class HolidayCalendar(Strict):
    """A public calendar by ISO 3166 codes, plus and minus the days that the document names."""

    country: str | None = None
    """Like ``CN``; none: only the days in ``also``."""
    subdivision: str | None = None
    """Like ``BY`` of ``DE``."""
    also: tuple[date, ...] = ()
    never: tuple[date, ...] = ()

    def lookup(self) -> Callable[[date], bool | None]:
        """A function that says of a day: holiday (true), declared a working day though at a weekend
        (false), or neither (none). Raises ValueError for a country that no calendar is known of."""
        of_country = _of_country(self.country, self.subdivision)
        also, never = frozenset(self.also), frozenset(self.never)

        def is_holiday(day: date) -> bool | None:
            if day in also:
                return True
            return None if day in never else of_country(day)

        return is_holiday


@cache
def _of_country(country: str | None, subdivision: str | None) -> Callable[[date], bool | None]:
    if country is None:
        return lambda _: None
    if subdivision not in (None, *holidays.list_supported_countries().get(country, ())):
        message = f"no calendar of subdivision {subdivision} in {country}"
        raise ValueError(message)
    try:
        statutory = holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError as error:
        message = f"no calendar of holidays is known for country {country}"
        raise ValueError(message) from error

    def listed(day: date) -> bool | None:
        return True if day in statutory else None

    return _chinese(listed) if country == "CN" else listed


def _chinese(statutory: Callable[[date], bool | None]) -> Callable[[date], bool | None]:
    """What the State Council announced for a year; the statutory days where it has not yet."""

    def declared(day: date) -> bool | None:
        try:
            off, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:  # not announced yet
            return statutory(day)
        if off:
            return True if name else None  # an ordinary weekend has no name
        return False if day.weekday() >= 5 else None

    return declared
