"""From use to a charge: what a period of an agreement costs. A function of sums of use and of days.

A period with several versions of the tariff is rated in stretches, in the order of their days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from math import ceil, floor

from billing.rerating.lines import PPM, Line, Stretch, lines_of, rounded
from billing.rerating.use import DaySlot
from billing.terms.values import Agreement
from prewatt_metering.tariffs import components as kinds
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.periods import Period

Wh = Mapping[str, int]
"""By time-of-use name."""
_DAY = timedelta(days=1)
_NOTHING: Wh = {}
PERIODS_REMEMBERED_MAX = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days of a period under one version, and what was used on them, as measured."""

    version: TariffVersion
    days: Period
    wh: Wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a period costs so far."""

    lines: Sequence[Line]
    """Of each stretch in the order of its days; of each in the order of the document."""

    @property
    def total_micro(self) -> int:
        """What the lines come to."""
        return sum(each.amount_micro for each in self.lines)


def spans_of(*, book: TariffBook, period: Period, use_wh: Mapping[DaySlot, int]) -> list[Span]:
    """``period`` by versions; days before the first version are nobody's. Cut at the year where
    blocks of it fill over the year, and at the month where a price is a month's. Days of use
    outside the period are left out. Raises `NoTariff` where no day has a version."""
    by_day: dict[date, dict[str, int]] = {}
    for (day, name), wh in use_wh.items():
        by_day.setdefault(day, {})[name] = wh
    return [
        Span(
            version=version,
            days=days,
            wh=_plus(*(wh for day, wh in by_day.items() if day in days)),
        )
        for version, days in _cut(book, period)
    ]


@lru_cache(maxsize=PERIODS_REMEMBERED_MAX)
def _cut(book: TariffBook, period: Period) -> Sequence[tuple[TariffVersion, Period]]:
    """The stretches of a period, which are the same for all whom the tariff charges."""
    book.version_of(period.end - _DAY)  # raises
    first = max(period.first, book.versions[0].valid_from)
    days = [first + n * _DAY for n in range((period.end - first).days)]
    yearly = any(book.version_of(day).has_annual_blocks for day in days)

    def cut_by(day: date) -> tuple[date, int, int]:
        version = book.version_of(day)
        return (
            version.valid_from,
            day.year if yearly else 0,
            day.month if _is_monthly(version) else 0,
        )

    found: list[tuple[TariffVersion, Period]] = []
    for _, some in groupby(days, key=cut_by):
        its = list(some)
        found.append((book.version_of(its[0]), Period(its[0], its[-1] + _DAY)))
    return tuple(found)


def charge(
    *,
    period: Period,
    spans: Sequence[Span],
    served: Period | None,
    agreement: Agreement,
    year_before_wh: Wh = _NOTHING,
    closed: bool = False,
) -> Charge:
    """The lines of a period.

    ``served``: the days that owe standing charge so far. ``year_before_wh``: energy of the calendar
    year before the period, for annual blocks. ``closed``: the period is over, so its total is
    rounded where the tariff says so. Raises `Unrated` where the tariff asks for something that is
    not known.
    """
    due = [_days_in(each.days, served) for each in spans]
    sent = [_with_losses(each, days) for each, days in zip(spans, due, strict=True)]
    period_wh = sum(sum(wh.values()) for wh in sent)
    lines: list[Line] = []
    rated: list[tuple[Span, Wh]] = []
    allowed_wh = 0
    for place, (span, days) in enumerate(zip(spans, due, strict=True)):
        wh, free_wh = _without_allowance(span.version, sent[place], period_wh, allowed_wh)
        allowed_wh += free_wh
        earlier = [(each, used) for each, used in rated if _fills(each, span)]
        of_year = [used for each, used in rated if _year(each) == _year(span)]
        if _year(span) == period.first.year:
            of_year.append(year_before_wh)
        # What nothing was used or served in asks for nothing: it may not be known yet.
        if days or any(span.wh.values()):
            stretch = Stretch(
                version=span.version,
                period=period,
                month=f"{span.days.first:%Y-%m}",
                wh=wh,
                below_wh=_plus(*(used for _, used in earlier)),
                of_year_below_wh=_plus(*of_year),
                of_blocks=_of_blocks(span.version, spans, period),
                period_wh=period_wh,
                days=days,
                days_before=sum(due[:place]),
                capacity_va=agreement.capacity_va,
            )
            lines += _lines(stretch)
        rated.append((span, wh))
    if closed:
        lines += _rounding(spans[-1].version, sum(each.amount_micro for each in lines))
    return Charge(lines=lines)


def _lines(stretch: Stretch) -> list[Line]:
    lines: list[Line] = []
    for component in stretch.version.components:
        lines += list(lines_of(component, stretch, lines))
    return lines


def _is_monthly(version: TariffVersion) -> bool:
    return any(isinstance(each, kinds.PurchasedEnergy) for each in version.components)


def _year(span: Span) -> int:
    return span.days.first.year


def _days_in(days: Period, served: Period | None) -> int:
    if served is None:
        return 0
    return max(0, (min(days.end, served.end) - max(days.first, served.first)).days)


def _fills(earlier: Span, span: Span) -> bool:
    """Whether energy of an earlier stretch fills the blocks of a later one: always, but a version
    that prorates begins at nothing and goes on with its own only."""
    return not span.version.prorate or earlier.version is span.version


def _of_blocks(version: TariffVersion, spans: Iterable[Span], period: Period) -> Fraction:
    """The part of a block that a version's days have of it."""
    if not version.prorate:
        return Fraction(1)
    days = sum(each.days.days for each in spans if each.version is version)
    return Fraction(days, period.days)


def _with_losses(span: Span, days: int) -> Wh:
    """What left the utility: what transformer and line take by the day and as a share is added."""
    wh = {name: span.wh.get(name, 0) for name in span.version.slot_names}
    losses = span.version.losses
    if losses is None:
        return wh
    share = rounded(Fraction(sum(wh.values()) * losses.share_ppm, PPM))
    return _plus(wh, _spread(losses.fixed_wh_per_day * days + share, wh))


def _without_allowance(
    version: TariffVersion, wh: Wh, period_wh: int, taken_wh: int
) -> tuple[Wh, int]:
    """What is left to pay for, and what was free: the rest of the period's allowance, of which
    earlier stretches took ``taken_wh``."""
    allowance = version.allowance
    if allowance is None or period_wh > (allowance.total_upto_wh or period_wh):
        return wh, 0
    free_wh = min(sum(wh.values()), max(0, allowance.wh_per_period - taken_wh))
    return _plus(wh, {name: -each for name, each in _spread(free_wh, wh).items()}), free_wh


def _spread(total_wh: int, over: Wh) -> Wh:
    """A total over names as ``over`` is, in whole Wh that sum to it: the names up to and with each
    have its share, rounded down. On the first name where there is nothing to go by."""
    whole = sum(over.values())
    if not whole:
        return {next(iter(over)): total_wh}
    spread: dict[str, int] = {}
    seen = done = 0
    for name, wh in over.items():
        seen += wh
        upto = total_wh * seen // whole
        spread[name], done = upto - done, upto
    return spread


def _rounding(version: TariffVersion, total_micro: int) -> list[Line]:
    """What brings a total to a whole number of what the tariff names; none where it is one."""
    rounding = version.rounding
    if rounding is None:
        return []
    way = {"half_up": rounded, "up": ceil, "down": floor}[rounding.mode]
    whole = way(Fraction(total_micro, rounding.to_micro)) * rounding.to_micro
    if whole == total_micro:
        return []
    return [Line(component="rounding", amount_micro=whole - total_micro)]


def _plus(*some: Wh) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in some:
        for name, wh in each.items():
            total[name] = total.get(name, 0) + wh
    return total
