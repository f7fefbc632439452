"""From what is stored of an account to its forecast: pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np

from prepay_ledger.charging.charge_agreement import PeriodState, year_before
from prepay_ledger.charging.meters import Agreement, packed_base_us
from prepay_ledger.charging.pricing import Pricing, Pricings
from prepay_ledger.forecasts.values import Made, NotKnown, Use
from prepay_ledger.tariffs.book import BookKey
from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.forecast.ahead import DaysAhead, DaySteps
from prewatt_metering.forecast.costs import costs_ahead
from prewatt_metering.forecast.energy import energy_ahead
from prewatt_metering.forecast.profile import HOURS, UsedDay, learn
from prewatt_metering.forecast.terms import ChargeTerms
from prewatt_metering.rating.part import Unrated
from prewatt_metering.registers.packing import unpack
from prewatt_metering.registers.spans import Span, overlap_us

HOURS_DAYS = 7
"""Of so many days the readings tell by which hours a day's energy is used."""
SILENT_US = 7 * DAY_US
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TariffDays:
    """Every tariff with its days ahead, of which those are off that its own calendar says; where
    it has none, weekends and ``public_holidays``."""

    pricings: Pricings
    public_holidays: Collection[date]
    known: dict[BookKey, DaysAhead]

    def of(self, key: BookKey) -> tuple[Pricing, DaysAhead]:
        """Of a tariff's book."""
        pricing = self.pricings[key]
        days = self.known.get(key)
        if days is None:
            is_off = day_off_rule(pricing, self.public_holidays)
            days = self.known[key] = DaysAhead(pricing.calendar, pricing.slots_of, is_off)
        return pricing, days


def day_off_rule(pricing: Pricing, public_holidays: Collection[date]) -> Callable[[date], bool]:
    """Whether a local day is a weekend or holiday."""
    begin = pricing.book.versions[0].valid_from

    def is_off(day: date) -> bool:
        tou = pricing.book.version_of(max(day, begin)).time_of_use
        if tou is not None and tou.holidays is not None:
            return tou.day_kind(day) != "workday"
        return day.weekday() >= 5 or day in public_holidays

    return is_off


def forecast_of(
    *,
    account_id: UUID,
    agreement: Agreement | None,
    periods: Mapping[date, PeriodState],
    use: Use,
    relay_open: Sequence[Span],
    tariffs: TariffDays,
    now_us: int,
    ahead_days: int,
) -> Made | NotKnown:
    """What ``ahead_days`` local days will cost, from the last reading on; or why nobody knows."""
    if agreement is None:
        return NotKnown.NO_AGREEMENT
    as_of_us = _as_of_us(periods, use)
    if as_of_us is None or use.begins_us is None:
        return NotKnown.NO_READINGS
    if now_us - as_of_us > SILENT_US:
        return NotKnown.SILENT
    pricing, days = tariffs.of(agreement.book)
    whole = whole_days(
        use,
        calendar=pricing.calendar,
        relay_open=relay_open,
        until_us=as_of_us,
    )
    today = pricing.calendar.day_of(as_of_us)
    before = [days.day(today - number * _DAY) for number in range(HOURS_DAYS, 0, -1)]
    profile = learn(whole, is_off=days.is_off, hour_wh=hours_of(use.packed.values(), before))
    if profile is None:
        return NotKnown.FEW_DAYS
    steps = days.from_(as_of_us, days=ahead_days)
    try:
        terms = _terms(agreement, pricing, periods, today=today, now_us=now_us)
        costs = costs_ahead(terms, steps, energy_ahead(profile, steps))
    except Unrated:
        return NotKnown.NOT_RATED
    return Made(
        account_id=account_id,
        as_of_us=as_of_us,
        timezone=pricing.calendar.tz.key,
        profile=profile,
        costs=costs,
    )


def _as_of_us(periods: Mapping[date, PeriodState], use: Use) -> int | None:
    if use.last_at_us is not None:
        return use.last_at_us
    read = [each.last_read_us for each in periods.values() if each.last_read_us is not None]
    return max(read, default=None)


def _terms(
    agreement: Agreement,
    pricing: Pricing,
    periods: Mapping[date, PeriodState],
    *,
    today: date,
    now_us: int,
) -> ChargeTerms:
    year: Mapping[str, int] = {}
    if pricing.has_annual_blocks:
        year = year_before(periods.values(), pricing.period_of(today))
    return ChargeTerms(
        book=pricing.book,
        so_far={first: state.energy for first, state in periods.items()},
        charged_day=pricing.calendar.day_of(now_us),
        first_day=agreement.first_day,
        end_day=agreement.end_day,
        year_before_wh=year,
        enterprise=agreement.enterprise,
    )


def whole_days(
    use: Use, *, calendar: LocalCalendar, relay_open: Sequence[Span], until_us: int
) -> list[UsedDay]:
    """The days that the account's meters served from begin to end, with supply. One that lies in
    a silence has a share of what was used in all of it."""
    found: list[UsedDay] = []
    for day, wh in sorted(use.days.items()):
        begin_us, end_us = calendar.first_instant_us(day), calendar.end_us(day)
        if use.begins_us is None or begin_us < use.begins_us or end_us > until_us:
            continue
        if overlap_us(begin_us, end_us, relay_open):
            continue
        is_measured = not overlap_us(begin_us, end_us, use.gaps)
        found.append(UsedDay(day=day, wh=max(0, wh), is_measured=is_measured))
    return found


def hours_of(
    packed: Collection[Sequence[tuple[date, bytes]]], days: Sequence[DaySteps]
) -> list[int]:
    """Energy by hour of the wall clock over ``days``, all meters together: where registers rise,
    by elapsed time. A step down, and the ones beside it, say nothing: a glitch, or a new device."""
    bounds = np.concatenate([*(each.begin_us for each in days), days[-1].end_us[-1:]])
    hour = np.concatenate([each.hour for each in days])
    total = np.zeros(HOURS)
    for of_meter in packed:
        readings = sorted(
            {
                (at_us, wh)
                for day, some in of_meter
                for at_us, wh, _ in unpack(some, base_us=packed_base_us(day))
            }
        )
        if len(readings) < 2:
            continue
        at_us, register = np.array(readings, np.int64).T
        rise = np.diff(register)
        falls = rise < 0
        beside = falls.copy()
        beside[1:] |= falls[:-1]
        beside[:-1] |= falls[1:]
        risen = np.concatenate([np.zeros(1), np.cumsum(np.where(beside, 0, rise))])
        wh = np.diff(np.interp(bounds, at_us, risen))
        total += np.bincount(hour, weights=wh, minlength=HOURS)
    return [round(each) for each in total.tolist()]
