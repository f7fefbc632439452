"""What another tariff document would have charged an account, day by day: pure.

Both tariffs rate the same use by the ledger's own rules. What is simulated is what was charged and
the difference between them, so a document that says the same changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from prepay_ledger.charging.charge_agreement import PeriodState, rated
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.pricing import DAY, Pricing, Tariffs
from prepay_ledger.tariffs.book import BookKey
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.tariffs.book import LASTING_FIELDS, TariffBook
from prewatt_metering.tariffs.document import TariffVersion, canonical
from prewatt_metering.tariffs.periods import Period
from prewatt_metering.usage.days import DayUsage

ALWAYS_FROM = date(2000, 1, 1)
"""Before any day that is simulated."""


class NotComparable(ValueError):
    """The document cannot stand in for the tariff of its code; the message says why."""


class Other(NamedTuple):
    """What an account would have been charged more on each day of the range, or why that cannot be
    told."""

    more_micro: Sequence[int] = ()
    why_not: str | None = None


def other_book(known: TariffBook, document: TariffVersion, days: Sequence[date]) -> TariffBook:
    """The tariff as if ``document`` had always held; ``known`` where it did on these days. Raises
    `NotComparable`."""
    for field in LASTING_FIELDS:
        if getattr(document, field) != getattr(known.versions[0], field):
            message = (
                f"{field} of tariff {document.code} is {_said(known.versions[0], field)}, and here"
                f" {_said(document, field)}: that needs a tariff of its own"
            )
            raise NotComparable(message)
    held = known.versions_of(days[0], days[-1] + DAY)
    if all(canonical(each) == canonical(document) for each in held):
        return known
    return TariffBook([document.model_copy(update={"valid_from": ALWAYS_FROM})])


def _said(version: TariffVersion, field: str) -> str:
    value = getattr(version, field)
    return value if isinstance(value, str) else value.model_dump_json()


@dataclass(frozen=True, slots=True)
class InItsPlace:
    """Every tariff, and ``book`` in place of the one of its code."""

    tariffs: Tariffs
    book: TariffBook

    def book_at(self, key: BookKey) -> TariffBook | None:
        """By code and corrections; the other book has none."""
        return self.book if key[0] == self.book.code else self.tariffs.book_at(key)

    def calendar(self, code: str) -> LocalCalendar:
        """Zones are the same."""
        return self.tariffs.calendar(code)


def first_day_of_use(pricing: Pricing, day: date) -> date:
    """From when on use counts for what is charged on ``day``."""
    # The period before is rounded as it closes, which may be on this day.
    first = pricing.period_of(pricing.period_of(day).first - DAY).first
    return first.replace(month=1, day=1) if pricing.has_annual_blocks else first


def use_for(use: DayUsage, *, was: Pricing, other: Pricing, until: date) -> DayUsage | None:
    """Use by the other tariff's times of use, of what is kept by those of today's; none where only
    readings can tell it."""
    times = other.book.versions[0].time_of_use
    days = {day for day, _ in use}
    held = was.book.versions_of(min(days, default=until), until)
    if was.book is other.book or all(each.time_of_use == times for each in held):
        return use
    if times is not None:
        return None
    (name,) = other.book.versions[0].slot_names
    total: dict[tuple[date, str], int] = {}
    for (day, _), wh in use.items():
        total[day, name] = total.get((day, name), 0) + wh
    return total


def charged_by_day(
    agreement: Agreement, use: DayUsage, pricing: Pricing, days: Sequence[date]
) -> list[int]:
    """What its use and time add to an agreement's charge on each day, in micro-units, each as of
    the day's end. Raises `Unrated` and `NoTariff`."""
    found = [0] * len(days)
    for period in _periods(agreement, pricing, days):
        year_before = _year_before(use, period) if pricing.has_annual_blocks else None
        ends = (days[0] - DAY, *days)
        totals = list(
            _totals(agreement, use, pricing, period=period, ends=ends, year_before_wh=year_before)
        )
        for number, (before, after) in enumerate(pairwise(totals)):
            found[number] += after - before
    return found


def _periods(agreement: Agreement, pricing: Pricing, days: Sequence[date]) -> Iterator[Period]:
    """Those in which the agreement holds, and whose charge may change on one of the days."""
    period = pricing.period_of(pricing.period_of(days[0]).first - DAY)
    while period.first <= days[-1]:
        if agreement.first_day < period.end and (
            agreement.end_day is None or period.first < agreement.end_day
        ):
            yield period
        period = pricing.period_of(period.end)


def _totals(
    agreement: Agreement,
    use: DayUsage,
    pricing: Pricing,
    *,
    period: Period,
    ends: Sequence[date],
    year_before_wh: Mapping[str, int] | None,
) -> Iterator[int]:
    """What the period has cost by the end of each of ``ends``."""
    left = sorted((each for each in use.items() if each[0][0] in period), reverse=True)
    energy: dict[tuple[date, str], int] = {}
    known: int | None = None
    for end in ends:
        if end < period.first or (known is not None and end > period.end):
            yield known or 0
            continue
        while left and left[-1][0][0] <= end:
            (day, slot), wh = left.pop()
            key = (max(pricing.part_of(day), period.first), slot)
            energy[key] = energy.get(key, 0) + wh
        state = PeriodState(
            agreement_id=agreement.id,
            account_id=agreement.account_id,
            period=period,
            version=0,
            energy=energy,
            standing_days=0,
            due_day=None,
            posted={},
            last_read_us=None,
        )
        known = rated(
            state, agreement, pricing, today=end, year_before_wh=year_before_wh
        ).total_micro
        yield known


def _year_before(use: DayUsage, period: Period) -> dict[str, int]:
    total: dict[str, int] = {}
    for (day, slot), wh in use.items():
        if day < period.first and day.year == period.first.year:
            total[slot] = total.get(slot, 0) + wh
    return total


def charged_more(
    agreement: Agreement,
    *,
    use: tuple[DayUsage, DayUsage],
    pricing: tuple[Pricing, Pricing],
    days: Sequence[date],
) -> list[int]:
    """By how much the other tariff's charge of each day is more. ``use``, ``pricing``: as it was,
    and by the other."""
    was, other = (
        charged_by_day(agreement, of_it, by, days) for of_it, by in zip(use, pricing, strict=True)
    )
    return [after - before for before, after in zip(was, other, strict=True)]
