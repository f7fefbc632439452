"""Every tariff, with its versions and what corrections made of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeAlias

from prepay_ledger.tariffs.refusals import UnknownTariff
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion

BookKey: TypeAlias = tuple[str, int]
"""A tariff's code, and how many of its corrections are in the book."""


class Tariffs:
    """Every tariff's books, with the calendar of its zone. A tariff has one more with each
    correction, in which a version has another document; those before stay: an agreement is charged
    by the one that it has come to (`prepay_ledger.corrections`)."""

    def __init__(self, versions: Iterable[tuple[TariffVersion, int]]) -> None:
        """Each version with the number of the correction that made it, 0 as it was published."""
        by_code: dict[str, list[tuple[TariffVersion, int]]] = {}
        for version, correction in versions:
            by_code.setdefault(version.code, []).append((version, correction))
        self._books = {code: _books(some) for code, some in by_code.items()}
        self._calendars: dict[str, LocalCalendar] = {}

    @property
    def codes(self) -> Sequence[str]:
        """Of all tariffs, in order."""
        return sorted(self._books)

    def book(self, code: str) -> TariffBook:
        """The versions of a tariff, all corrections made. Raises `UnknownTariff`."""
        return self._of(code)[-1]

    def corrections(self, code: str) -> int:
        """How many there were. Raises `UnknownTariff`."""
        return len(self._of(code)) - 1

    def book_at(self, key: BookKey) -> TariffBook | None:
        """The versions with so many corrections made; none where there are not as many yet. Raises
        `UnknownTariff`."""
        code, corrections = key
        books = self._of(code)
        return books[corrections] if corrections < len(books) else None

    def calendar(self, code: str) -> LocalCalendar:
        """Days in the tariff's zone. Raises `UnknownTariff`."""
        zone = self.book(code).versions[0].timezone
        known = self._calendars.get(zone)
        if known is None:
            known = self._calendars[zone] = LocalCalendar(zone)
        return known

    def _of(self, code: str) -> list[TariffBook]:
        known = self._books.get(code)
        if known is None:
            message = f"there is no tariff {code}"
            raise UnknownTariff(message)
        return known


def _books(versions: Sequence[tuple[TariffVersion, int]]) -> list[TariffBook]:
    """By how many corrections are made. A version that was published since is in all of them."""
    holding: dict[date, TariffVersion] = {}
    for version, correction in versions:
        if correction == 0:
            holding[version.valid_from] = version
    books = [TariffBook(holding.values())]
    for version, correction in sorted(versions, key=lambda each: each[1]):
        if correction:
            holding[version.valid_from] = version
            books.append(TariffBook(holding.values()))
    return books
