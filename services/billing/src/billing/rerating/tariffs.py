"""A tariff as readings are rated by it: its versions, its local days and their slots."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots, slots_of_day
from prewatt_metering.tariffs.book import NoTariff, TariffBook
from prewatt_metering.tariffs.document import parse_tariff
from prewatt_metering.tariffs.time_of_use import ALL_HOURS

TARIFFS_REMEMBERED_MAX = 500
DAYS_REMEMBERED_MAX = 20_000


class Tariff:
    """A book with its calendar. Days' slots are worked out once and remembered."""

    def __init__(self, book: TariffBook) -> None:
        self.book = book
        self.calendar = LocalCalendar(book.versions[0].timezone)
        self._slots: dict[date, DaySlots] = {}
        self.is_annual = book.has_annual_blocks

    @property
    def currency(self) -> str:
        """Of every version."""
        return self.book.versions[0].currency

    def slots_of(self, day: date) -> DaySlots:
        """The slots of a local day. A day before the first version has one slot: its use is known,
        and what cannot be done is to rate it."""
        known = self._slots.get(day)
        if known is None:
            if len(self._slots) >= DAYS_REMEMBERED_MAX:
                self._slots.clear()
            known = self._slots[day] = self._cut(day)
        return known

    def _cut(self, day: date) -> DaySlots:
        try:
            return self.book.version_of(day).slots_of(self.calendar, day)
        except NoTariff:
            return slots_of_day(self.calendar, day, lambda _: ALL_HOURS, (0,))


def tariff_of(documents: Sequence[str]) -> Tariff:
    """The tariff whose versions are these. Raises `InvalidTariff` where they do not fit together.
    The same documents give the same object: to parse them takes longer than to rate by them."""
    return _tariff_of(tuple(documents))


@lru_cache(maxsize=TARIFFS_REMEMBERED_MAX)
def _tariff_of(documents: tuple[str, ...]) -> Tariff:
    return Tariff(TariffBook(map(parse_tariff, documents)))
