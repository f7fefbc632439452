"""The charge of an agreement's period: use and days in, lines out.

Pure and a function of sums: any order, repetition or correction of readings that ends in the same
use ends in the same lines.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from prewatt_metering.rating import energy, shares, time
from prewatt_metering.rating.lines import Line, Unit, half_up, total_micro
from prewatt_metering.rating.part import Enterprise, Part
from prewatt_metering.rating.quantities import with_losses, without_allowance
from prewatt_metering.tariffs import components as kinds
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.periods import Period

_HOUSEHOLD = Enterprise()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUse:
    """What was used and served of a part: Wh by time-of-use name, days with standing charge."""

    version: TariffVersion
    span: Period
    energy_wh: Mapping[str, int]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedPart:
    """A version's part of a period as a statement prints it."""

    version: TariffVersion
    span: Period
    lines: tuple[Line, ...]

    @property
    def total_micro(self) -> int:
        """What its lines come to."""
        return total_micro(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The charge of a period so far."""

    period: Period
    parts: tuple[RatedPart, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Of all parts, in order."""
        return tuple(line for part in self.parts for line in part.lines)

    @property
    def total_micro(self) -> int:
        """What the customer owes for the period."""
        return sum(part.total_micro for part in self.parts)


def parts_of_use(
    *,
    book: TariffBook,
    period: Period,
    use_wh: Mapping[tuple[date, str], int],
    served: Period | None,
) -> list[PartUse]:
    """The parts of a period from Wh by (local day, time-of-use name), as `usage.days` gives them;
    ``served`` are the days that owe standing charge so far. Days of use outside the period are left
    out. Raises `NoTariff`."""
    parts: list[PartUse] = []
    for version, span in _spans(book, period):
        total: dict[str, int] = {}
        for (day, name), wh in use_wh.items():
            if day in span:
                total[name] = total.get(name, 0) + wh
        days = _common_days(span, served)
        parts.append(PartUse(version=version, span=span, energy_wh=total, days=days))
    return parts


def charge(
    *,
    period: Period,
    parts: Sequence[PartUse],
    year_before_wh: Mapping[str, int] | None = None,
    enterprise: Enterprise = _HOUSEHOLD,
    closed: bool = False,
) -> Charge:
    """The lines of ``parts``, in the order of their days.

    ``year_before_wh``: energy before the period, of the calendar year that it begins in, for annual
    blocks. ``closed``: the period is over, so that its total is rounded where the tariff says so.
    Raises `Unrated` where the tariff asks for something that is not known.
    """
    measured = [
        with_losses(part.version, energy_wh=part.energy_wh, days=part.days) for part in parts
    ]
    period_wh = sum(sum(energy_wh.values()) for energy_wh, _ in measured)
    rated: list[RatedPart] = []
    allowed = days = 0
    before: dict[str, int] = {}
    before_of_version: dict[str, int] = {}
    year, of_year = period.first.year, dict(year_before_wh or {})
    for place, (use, (energy_wh, losses)) in enumerate(zip(parts, measured, strict=True)):
        last = parts[place - 1] if place else None
        if last is None or last.version is not use.version:
            before_of_version = {}
        # Also where nothing is rated of the period's first year: the tariff may begin after it.
        if use.span.first.year != year:
            year, of_year = use.span.first.year, {}
        quantities = without_allowance(
            use.version, energy_wh=energy_wh, period_wh=period_wh, allowed_before_wh=allowed
        )
        part = Part(
            version=use.version,
            period=period,
            span=use.span,
            version_days=sum(p.span.days for p in parts if p.version is use.version),
            energy_wh=quantities.energy_wh,
            days=use.days,
            days_before=days,
            before_wh=before_of_version if use.version.prorate else before,
            year_before_wh=of_year,
            period_wh=period_wh,
            enterprise=enterprise,
        )
        # A part that nothing was used or served in asks for nothing either: what its version needs
        # may not be known yet.
        is_touched = use.days or any(use.energy_wh.values())
        lines = _rated(part, [*losses, *quantities.lines]) if is_touched else []
        rated.append(RatedPart(version=use.version, span=use.span, lines=tuple(lines)))
        allowed += quantities.allowed_wh
        days += use.days
        before, before_of_version, of_year = (
            _sum(each, quantities.energy_wh) for each in (before, before_of_version, of_year)
        )
    if closed and rated:
        rated[-1] = _with_rounding(rated)
    return Charge(period=period, parts=tuple(rated))


def _rated(part: Part, notes: Iterable[Line]) -> list[Line]:
    lines = list(notes)
    for component in part.version.components:
        # A share sees what stands before it, so its lines are made before any is added.
        lines += list(_lines_of(component, part, lines))
    return lines


def _lines_of(  # noqa: PLR0911, PLR0912 - one case a kind
    component: kinds.AnyComponent, part: Part, before: Sequence[Line]
) -> Iterator[Line]:
    match component:
        case kinds.EnergyPrice():
            return energy.by_time_of_use(component, part)
        case kinds.Blocks():
            return energy.by_blocks(component, part)
        case kinds.Tables():
            return energy.by_table(component, part)
        case kinds.PurchasedEnergy():
            return energy.by_month(component, part)
        case kinds.EnergyLevy():
            return energy.per_kwh(component, part)
        case kinds.Standing():
            return time.by_day(component, part)
        case kinds.Fixed():
            return time.by_period(component, part)
        case kinds.Capacity():
            return time.by_capacity(component, part)
        case kinds.Demand():
            return time.by_demand(component, part)
        case kinds.PowerFactor():
            return shares.adjusted_for_power_factor(component, part, before)
        case kinds.Minimum():
            return shares.topped_to_minimum(component, part, before)
        case kinds.Levy():
            return shares.levied(component, before)
        case kinds.Discount():
            return shares.discounted(component, part, before)
        case _:
            assert_never(component)


def _spans(book: TariffBook, period: Period) -> Iterator[tuple[TariffVersion, Period]]:
    """A version's days, cut at months where its price is a month's, and at the year where blocks of
    any version of the period are annual: those of a later one go on from the year's energy."""
    parts = book.parts_of(period)
    yearly = any(version.has_annual_blocks for version, _ in parts)
    for version, span in parts:
        monthly = any(isinstance(c, kinds.PurchasedEnergy) for c in version.components)
        edges = [span.first]
        for ordinal in range(span.first.toordinal() + 1, span.end.toordinal()):
            day = date.fromordinal(ordinal)
            if day.day == 1 and (monthly or (yearly and day.month == 1)):
                edges.append(day)
        for first, end in zip(edges, [*edges[1:], span.end], strict=True):
            yield version, Period(first, end)


def _with_rounding(parts: Sequence[RatedPart]) -> RatedPart:
    last = parts[-1]
    rounding = last.version.rounding
    if rounding is None:
        return last
    total = sum(part.total_micro for part in parts)
    unit = rounding.to_micro
    match rounding.mode:
        case "half_up":
            rounded = half_up(total, unit) * unit
        case "up":
            rounded = -(-total // unit) * unit
        case "down":
            rounded = total // unit * unit
    if rounded == total:
        return last
    line = Line(
        kind="rounding",
        component="rounding",
        quantity=total,
        unit=Unit.NONE,
        price_micro=unit,
        amount_micro=rounded - total,
    )
    return RatedPart(version=last.version, span=last.span, lines=(*last.lines, line))


def _common_days(span: Period, served: Period | None) -> int:
    if served is None:
        return 0
    return max(0, (min(span.end, served.end) - max(span.first, served.first)).days)


def _sum(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in {**a, **b}}
