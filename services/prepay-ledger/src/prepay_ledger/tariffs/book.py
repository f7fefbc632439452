"""Every tariff, with its versions."""

from collections.abc import Iterable, Sequence

from prepay_ledger.tariffs.refusals import UnknownTariff
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion


class Tariffs:
    """Every tariff's book by its code, with the calendar of its zone."""

    def __init__(self, versions: Iterable[TariffVersion]) -> None:
        by_code: dict[str, list[TariffVersion]] = {}
        for version in versions:
            by_code.setdefault(version.code, []).append(version)
        self._books = {code: TariffBook(some) for code, some in by_code.items()}
        self._calendars: dict[str, LocalCalendar] = {}

    @property
    def codes(self) -> Sequence[str]:
        """Of all tariffs, in order."""
        return sorted(self._books)

    def book(self, code: str) -> TariffBook:
        """The versions of a tariff. Raises `UnknownTariff`."""
        known = self._books.get(code)
        if known is None:
            message = f"there is no tariff {code}"
            raise UnknownTariff(message)
        return known

    def calendar(self, code: str) -> LocalCalendar:
        """Days in the tariff's zone. Raises `UnknownTariff`."""
        zone = self.book(code).versions[0].timezone
        known = self._calendars.get(zone)
        if known is None:
            known = self._calendars[zone] = LocalCalendar(zone)
        return known
