"""By what an account is charged, and where its periods stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from prewatt_metering.rating.part import Enterprise
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.periods import Period, period_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTerms:
    """``so_far``: Wh by (day, slot) of each period that has any, by its first day; days stand for
    their part of the period. ``charged_day``: the last local day whose standing charge is in the
    balance. The agreement holds from ``first_day`` up to, without, ``end_day``."""

    book: TariffBook
    so_far: Mapping[date, Mapping[tuple[date, str], int]]
    charged_day: date
    first_day: date
    end_day: date | None = None
    year_before_wh: Mapping[str, int] = field(default_factory=dict[str, int])
    """By slot, of the calendar year before the period that the first instant ahead lies in; asked
    for where the tariff has annual blocks."""
    enterprise: Enterprise = field(default_factory=Enterprise)

    def period_of(self, day: date) -> Period:
        """The billing period of a local day."""
        return period_of(day, cycle=self.book.cycle)

    def part_of(self, day: date) -> date:
        """A day that stands for all that are rated with ``day``: of one version and month."""
        return max(self.book.version_of(day).valid_from, day.replace(day=1))
