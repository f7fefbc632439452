"""The lines of a bill that each component of a tariff makes, by what its document says
(libs/metering/src/prewatt_metering/tariffs/components.py and README.md).

Amounts are exact fractions until a line is made of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import NoReturn, assert_never

from prewatt_metering.tariffs import components as kinds
from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.periods import Period

PPM = 1_000_000
WH_PER_KWH = 1_000
VA_PER_KVA = 1_000
DAYS_OF_MONTH = 30
_HALF = Fraction(1, 2)


class Unrated(LookupError):
    """Something that the tariff asks for is not known; nothing can be rated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in micro-units. ``component`` is the document's name, ``detail`` what tells its lines
    apart: a time-of-use name, a block's end in Wh, a month."""

    component: str
    detail: str = ""
    amount_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days of a period that are rated by one version, as its components see them. Wh are by
    time-of-use name, after losses and allowance."""

    version: TariffVersion
    period: Period
    month: str
    """YYYY-MM of its first day."""
    wh: Mapping[str, int]
    below_wh: Mapping[str, int]
    """What fills the period's blocks before."""
    of_year_below_wh: Mapping[str, int]
    """What fills the calendar year's blocks before."""
    of_blocks: Fraction
    """How much of a block of the period there is: all of it, or the version's share of the days."""
    period_wh: int
    """Of the whole period so far, with losses, without the allowance taken off."""
    days: int
    """That owe standing charge."""
    days_before: int
    """The same, of the period's earlier stretches."""
    capacity_va: int | None

    @property
    def share(self) -> Fraction:
        """What the days that owe are of the period."""
        return Fraction(self.days, self.period.days)


def rounded(exact: Fraction) -> int:
    """The nearest whole number, halves towards plus infinity: the one way anything is rounded.

    >>> rounded(Fraction(5, 10)), rounded(Fraction(-5, 10)), rounded(Fraction(-15, 10))
    (1, 0, -1)
    """
    return floor(exact + _HALF)


def lines_of(
    component: kinds.AnyComponent, stretch: Stretch, before: Sequence[Line]
) -> Iterator[Line]:
    """Those of one component; ``before``: the stretch's lines that stand before it. Raises
    `Unrated`."""
    for detail, exact in _amounts(component, stretch, before):
        yield Line(component=component.name, detail=detail, amount_micro=rounded(exact))


def _amounts(  # noqa: PLR0912 - one case a kind
    component: kinds.AnyComponent, stretch: Stretch, before: Sequence[Line]
) -> Iterator[tuple[str, Fraction]]:
    """(detail, amount) of each line, before it is rounded."""
    match component:
        case kinds.EnergyPrice():
            for name, price in sorted(component.micro_per_kwh.items()):
                if wh := stretch.wh.get(name):
                    yield name, _priced(wh, price)
        case kinds.Blocks():
            yield from _of_blocks(component, stretch)
        case kinds.Tables():
            yield from _of_table(component, stretch)
        case kinds.PurchasedEnergy():
            if wh := sum(stretch.wh.values()):
                price = component.micro_per_kwh.get(stretch.month)
                if price is None:
                    _unknown(component, f"the price of {stretch.month}")
                yield stretch.month, _priced(wh, price)
        case kinds.EnergyLevy():
            if wh := sum(stretch.wh.values()):
                yield "", _priced(wh, component.micro_per_kwh)
        case kinds.Standing():
            if stretch.days:
                yield "", Fraction(stretch.days * component.micro_per_day)
        case kinds.Fixed():
            if stretch.days:
                yield "", component.micro_per_period * stretch.share
        case kinds.Capacity():
            yield from _of_capacity(component, stretch)
        case kinds.Demand():
            _unknown(component, "demand_w")
        case kinds.PowerFactor():
            _unknown(component, "reactive_varh")
        case kinds.Minimum():
            # Rounded as a line is: what the lines come to is to be the least, to the micro-unit.
            least = rounded(component.micro_per_period * stretch.share)
            missing = least - _sum(before, component.on)
            if missing > 0:
                yield "", Fraction(missing)
        case kinds.Levy():
            yield "", Fraction(_sum(before, component.on) * component.rate_ppm, PPM)
        case kinds.Discount():
            if amount := _given_back(component, stretch, before):
                yield "", amount
        case _:
            assert_never(component)


def _unknown(component: kinds.Component, what: str) -> NoReturn:
    message = f"{component.name} needs {what}, which is not known of this agreement"
    raise Unrated(message)


def _sum(lines: Iterable[Line], on: Sequence[str] | None) -> int:
    return sum(each.amount_micro for each in lines if on is None or each.component in on)


def _priced(wh: int, micro_per_kwh: int) -> Fraction:
    return Fraction(wh * micro_per_kwh, WH_PER_KWH)


def _of_blocks(component: kinds.Blocks, stretch: Stretch) -> Iterator[tuple[str, Fraction]]:
    """A calendar year's blocks are whole, whatever days of the period a version has."""
    yearly = component.over == "year"
    below = stretch.of_year_below_wh if yearly else stretch.below_wh
    low_wh = sum(below.get(name, 0) for name in component.of or below)
    wh = sum(stretch.wh.get(name, 0) for name in component.of or stretch.wh)
    share = Fraction(1) if yearly else stretch.of_blocks
    yield from _filled(component.blocks, low_wh, low_wh + wh, share)


def _of_table(component: kinds.Tables, stretch: Stretch) -> Iterator[tuple[str, Fraction]]:
    """The table is chosen by the whole period's energy, and filled as blocks are."""
    total_wh = stretch.period_wh
    table = next(t for t in component.tables if total_wh <= (t.total_upto_wh or total_wh))
    low_wh = sum(stretch.below_wh.values())
    high_wh = low_wh + sum(stretch.wh.values())
    yield from _filled(table.blocks, low_wh, high_wh, stretch.of_blocks)


def _filled(
    blocks: Sequence[kinds.Block], low_wh: int, high_wh: int, share: Fraction
) -> Iterator[tuple[str, Fraction]]:
    """What each block has of the energy between ``low_wh`` and ``high_wh``."""
    begin_wh = 0
    for block in blocks:
        end_wh = high_wh if block.upto_wh is None else floor(block.upto_wh * share)
        wh = min(end_wh, high_wh) - max(begin_wh, low_wh)
        if wh > 0:
            detail = "" if block.upto_wh is None else str(block.upto_wh)
            yield detail, _priced(wh, block.micro_per_kwh)
        begin_wh = end_wh


def _of_capacity(component: kinds.Capacity, stretch: Stretch) -> Iterator[tuple[str, Fraction]]:
    """By the month: of the period's own days, or of thirtieths."""
    if stretch.capacity_va is None:
        _unknown(component, "capacity_va")
    months = stretch.period.months or 1

    def served(days: int) -> Fraction:
        """Months that so many days are. A whole period is whole months in thirtieths too."""
        if component.day_is == "calendar" or days == stretch.period.days:
            return Fraction(days * months, stretch.period.days)
        return min(Fraction(days, DAYS_OF_MONTH), Fraction(months))

    share = served(stretch.days_before + stretch.days) - served(stretch.days_before)
    if stretch.capacity_va and share:
        price = Fraction(stretch.capacity_va * component.micro_per_kva_month, VA_PER_KVA)
        yield "", price * share


def _given_back(component: kinds.Discount, stretch: Stretch, before: Sequence[Line]) -> Fraction:
    """Below 0, and no more than there is."""
    if component.total_upto_wh is not None and stretch.period_wh > component.total_upto_wh:
        return Fraction(0)
    base = max(0, _sum(before, component.on))
    if component.rate_ppm:
        return Fraction(-base * component.rate_ppm, PPM)
    return max(Fraction(-base), -component.micro_per_period * stretch.share)
