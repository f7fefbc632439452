"""A tariff as charging uses it: slots of days, periods, and the parts of a period."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from prepay_ledger.charging.postings import account_of
from prepay_ledger.tariffs.book import BookKey
from prewatt_common.db.database import ChangedMeanwhile
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.rating.batch import batchable, charge_batch
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.periods import Period, period_of

DAY = timedelta(days=1)
COUNTED_MAX = 2**62
"""More Wh or micro-units than this nobody counts: a register, multiplier or price is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A period that one version rates, of a kind that is rated in columns.

    ``accounts``: the ledger accounts of its lines; ``account_of_column``: for each column of
    `charge_batch` which of these.
    """

    version: TariffVersion
    period: Period
    slots: tuple[str, ...]
    accounts: tuple[str, ...]
    account_of_column: tuple[int, ...]


class Pricing:
    """The versions of one tariff with the calendar of their zone; what follows for a day is
    remembered."""

    def __init__(self, book: TariffBook, calendar: LocalCalendar) -> None:
        self.book = book
        self.calendar = calendar
        self._slots: dict[date, DaySlots] = {}
        self._periods: dict[date, Period] = {}
        self._parts: dict[date, date] = {}
        self._simple: dict[Period, Simple | None] = {}
        self.has_annual_blocks = book.has_annual_blocks

    def slots_of(self, day: date) -> DaySlots:
        """The slots of a local day. Raises `NoTariff` before the first version."""
        known = self._slots.get(day)
        if known is None:
            known = self._slots[day] = self.book.version_of(day).slots_of(self.calendar, day)
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

    def simple(self, period: Period) -> Simple | None:
        """How the period is rated in columns; none where it has to be rated one by one."""
        if period not in self._simple:
            self._simple[period] = _simple(self.book, period)
        return self._simple[period]


def _simple(book: TariffBook, period: Period) -> Simple | None:
    version, span = book.parts_of(period)[0]
    if span != period or not batchable(version):
        return None
    nothing = np.zeros((1, len(version.slot_names)), np.int64)
    columns = charge_batch(
        version=version, period=period, energy_wh=nothing, days=np.zeros(1, np.int64)
    ).columns
    names = [account_of(kind) for kind, _, _ in columns]
    accounts = tuple(dict.fromkeys(names))
    return Simple(
        version=version,
        period=period,
        slots=version.slot_names,
        accounts=accounts,
        account_of_column=tuple(accounts.index(name) for name in names),
    )


class Tariffs(Protocol):
    """Every tariff there is."""

    def book_at(self, key: BookKey) -> TariffBook | None: ...
    def calendar(self, code: str) -> LocalCalendar: ...


class Pricings:
    """The pricing of each tariff's books, made when it is first asked for."""

    def __init__(self, tariffs: Tariffs) -> None:
        self._tariffs = tariffs
        self._by_key: dict[BookKey, Pricing] = {}

    def __getitem__(self, key: BookKey) -> Pricing:
        """By a tariff's code and how many of its corrections are made. Raises `ChangedMeanwhile`
        where the tariffs were read before the last of these."""
        known = self._by_key.get(key)
        if known is None:
            book = self._tariffs.book_at(key)
            if book is None:
                message = f"tariff {key[0]} was corrected since its versions were read"
                raise ChangedMeanwhile(message)
            known = self._by_key[key] = Pricing(book, self._tariffs.calendar(key[0]))
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
