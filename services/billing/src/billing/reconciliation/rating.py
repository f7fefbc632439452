"""An agreement's periods as billing rates them (`rerating`), for the days of standing charge that
may be due.

The ledger's sweep over all accounts takes its time after midnight. So there are two answers to how
many days are due for some hours: through today, and through yesterday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from billing.postings.values import Posted
from billing.rerating.charge import Span, charge, spans_of
from billing.rerating.lines import Unrated
from billing.rerating.tariffs import TARIFFS_REMEMBERED_MAX, Tariff
from billing.rerating.use import DaySlot, Use
from billing.terms.values import Agreement
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.tariffs.periods import Period, period_of

STANDING_GRACE = timedelta(hours=6)
"""After a local day has begun: until then its standing charge may still be missing."""
_DAY = timedelta(days=1)
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDays:
    """The local days through which standing charge may be due at an instant."""

    today: date
    yesterday: date
    in_grace: bool
    next_look_at: datetime
    """When time alone changes the answer next."""

    @property
    def through(self) -> tuple[date, ...]:
        """The last days that count, the one that counts in the end last."""
        return (self.yesterday, self.today) if self.in_grace else (self.today,)


@lru_cache(maxsize=TARIFFS_REMEMBERED_MAX)
def due_days(tariff: Tariff, now: datetime) -> DueDays:
    """In the tariff's zone. Remembered: whoever compares many asks for each of them."""
    calendar = tariff.calendar
    today = calendar.day_of(us_of(now))
    grace_ends = instant_of(calendar.first_instant_us(today)) + STANDING_GRACE
    in_grace = now < grace_ends
    turn = grace_ends if in_grace else instant_of(calendar.end_us(today)) + STANDING_GRACE
    return DueDays(today=today, yesterday=today - _DAY, in_grace=in_grace, next_look_at=turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A period as billing rates it: energy in Wh, total in micro-units."""

    energy_wh: int
    standing_days: int
    total_micro: int

    @property
    def is_free(self) -> bool:
        """Whether there is no need to tell of it: nothing was used and nothing is owed."""
        return not (self.energy_wh or self.total_micro)

    def equals(self, posted: Posted) -> bool:
        """Whether the ledger has come to the same."""
        return (self.energy_wh, self.standing_days, self.total_micro) == (
            posted.energy_wh,
            posted.standing_days,
            posted.total_micro,
        )


class Rating:
    """Rates the periods of one agreement."""

    def __init__(self, *, agreement: Agreement, tariff: Tariff, use: Use) -> None:
        self.agreement = agreement
        self.tariff = tariff
        self.use = use
        self._wh: dict[date, dict[DaySlot, int]] = {}
        self._spans: dict[Period, list[Span]] = {}
        for (day, name), wh in use.wh.items():
            first = period_of(day, cycle=tariff.book.cycle).first
            self._wh.setdefault(first, {})[day, name] = wh

    def periods(self, days: DueDays) -> list[Period]:
        """Those with use or with days that owe standing charge, in order."""
        cycle = self.tariff.book.cycle
        firsts = set(self._wh)
        served = self._served(self.agreement.first_day, days.today + _DAY)
        if served is not None:
            period = period_of(served.first, cycle=cycle)
            while period.first < served.end:
                firsts.add(period.first)
                period = period_of(period.end, cycle=cycle)
        return [period_of(first, cycle=cycle) for first in sorted(firsts)]

    def expected(self, period: Period, days: DueDays) -> list[Rated]:
        """What may be right now, what is right in the end last. Raises `NoTariff`, `Unrated`."""
        return [
            self._rated(period, self._standing_days(period, through), closed=through >= period.end)
            for through in days.through
        ]

    def at(self, period: Period, days: DueDays, standing_days: int) -> list[Rated]:
        """With so many days of standing charge, be they due or not: the period still open or
        closed, as it may be now. Raises `NoTariff`, `Unrated`."""
        closed = sorted({through >= period.end for through in days.through})
        return [self._rated(period, standing_days, closed=each) for each in closed]

    def _standing_days(self, period: Period, through: date) -> int:
        served = self._served(period.first, min(through + _DAY, period.end))
        return 0 if served is None else served.days

    def _served(self, first: date, end: date) -> Period | None:
        """The agreement's days of a range; none where it has none."""
        begin = max(first, self.agreement.first_day)
        until = end if self.agreement.end_day is None else min(end, self.agreement.end_day)
        return Period(begin, until) if begin < until else None

    def _rated(self, period: Period, standing_days: int, *, closed: bool) -> Rated:
        begin = max(period.first, self.agreement.first_day)
        # More days than a period has are wrong whatever they come to.
        standing = min(standing_days, (period.end - begin).days)
        result = charge(
            period=period,
            spans=self._spans_of(period),
            served=Period(begin, begin + standing * _DAY) if standing > 0 else None,
            agreement=self.agreement,
            year_before_wh=self._year_before_wh(period) if self.tariff.is_annual else {},
            closed=closed,
        )
        energy_wh = sum(self._wh.get(period.first, {}).values())
        if energy_wh not in _INT64 or result.total_micro not in _INT64:
            message = f"{energy_wh} Wh or what they cost is more than a ledger can hold"
            raise Unrated(message)
        return Rated(
            energy_wh=energy_wh, standing_days=standing_days, total_micro=result.total_micro
        )

    def _spans_of(self, period: Period) -> list[Span]:
        spans = self._spans.get(period)
        if spans is None:
            use_wh = self._wh.get(period.first, {})
            spans = spans_of(book=self.tariff.book, period=period, use_wh=use_wh)
            self._spans[period] = spans
        return spans

    def _year_before_wh(self, period: Period) -> Mapping[str, int]:
        """What the agreement used in the calendar year before the period, for annual blocks."""
        before: dict[str, int] = {}
        for (day, name), wh in self.use.wh.items():
            if day.year == period.first.year and day < period.first:
                before[name] = before.get(name, 0) + wh
        return before
