"""A tariff as charging uses it: slots of days, periods, and the parts of a period."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.components import Blocks
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.tariffs.time_of_use import ALL_HOURS

DAY = timedelta(days=1)


class Pricing:
    """The versions of one tariff with the calendar of their zone; what follows for a day is
    remembered."""

    def __init__(self, book: TariffBook, calendar: LocalCalendar) -> None:
        self.book = book
        self.calendar = calendar
        self._slots: dict[date, DaySlots] = {}
        self._periods: dict[date, Period] = {}
        self._parts: dict[date, date] = {}
        self.has_annual_blocks = any(
            isinstance(component, Blocks) and component.over == "year"
            for version in book.versions
            for component in version.components
        )

    def slots_of(self, day: date) -> DaySlots:
        """The slots of a local day. Raises `NoTariff` before the first version."""
        known = self._slots.get(day)
        if known is None:
            tou = self.book.version_of(day).time_of_use
            name_at: Callable[[int], str] = tou.name_at(day) if tou else lambda _: ALL_HOURS
            marks = tou.marks if tou else ()
            known = self._slots[day] = slots_of_day(self.calendar, day, name_at, marks)
        return known

    def period_of(self, day: date) -> Period:
        """The billing period of a local day."""
        known = self._periods.get(day)
        if known is None:
            known = self._periods[day] = period_of(day, cycle=self.book.cycle)
        return known

    def part_of(self, day: date) -> date:
        """A day that stands for all days that are rated with ``day``: those of one version and one
        calendar month, as nothing splits a period finer than that."""
        known = self._parts.get(day)
        if known is None:
            known = max(self.book.version_of(day).valid_from, day.replace(day=1))
            self._parts[day] = known
        return known


class Tariffs(Protocol):
    """Every tariff there is."""

    def book(self, code: str) -> TariffBook: ...
    def calendar(self, code: str) -> LocalCalendar: ...


class Pricings:
    """The pricing of each tariff by its code, made when it is first asked for."""

    def __init__(self, tariffs: Tariffs) -> None:
        self._tariffs = tariffs
        self._by_code: dict[str, Pricing] = {}

    def __getitem__(self, code: str) -> Pricing:
        known = self._by_code.get(code)
        if known is None:
            known = Pricing(self._tariffs.book(code), self._tariffs.calendar(code))
            self._by_code[code] = known
        return known


class PricingsOfNow:
    """Pricings that are made anew only when the tariffs are others."""

    def __init__(self) -> None:
        self._tariffs: Tariffs | None = None
        self._pricings: Pricings | None = None

    def of(self, tariffs: Tariffs) -> Pricings:
        """The pricings of ``tariffs``."""
        if self._pricings is None or self._tariffs is not tariffs:
            self._tariffs, self._pricings = tariffs, Pricings(tariffs)
        return self._pricings
