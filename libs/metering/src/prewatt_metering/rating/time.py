"""What falls due with time: standing, fixed, capacity and demand charges. All by the day, so that
nothing jumps because a meter was quiet, and a whole period comes to the whole price."""

from collections.abc import Iterator

from prewatt_metering.rating.lines import PPM, Line, Unit, half_up
from prewatt_metering.rating.part import Part
from prewatt_metering.tariffs.components import (
    Capacity,
    Demand,
    Fixed,
    MonthShare,
    Standing,
)

_DAYS_OF_MONTH = 30
_VA_PER_KVA = 1_000


def by_day(component: Standing, part: Part) -> Iterator[Line]:
    """Days x price."""
    if part.days:
        yield Line(
            kind=component.kind,
            component=component.name,
            quantity=part.days,
            unit=Unit.DAY,
            price_micro=component.micro_per_day,
            amount_micro=part.days * component.micro_per_day,
        )


def by_period(component: Fixed, part: Part) -> Iterator[Line]:
    """The served days' share of the period's price."""
    if part.days:
        yield Line(
            kind=component.kind,
            component=component.name,
            quantity=part.days,
            unit=Unit.DAY,
            price_micro=component.micro_per_period,
            amount_micro=half_up(part.days * component.micro_per_period, part.period.days),
        )


def by_capacity(component: Capacity, part: Part) -> Iterator[Line]:
    """Contracted kVA x monthly price x months served. Raises `Unrated` without a capacity."""
    yield from _monthly(
        component,
        part,
        quantity=part.need("capacity_va", component.name),
        unit=Unit.VA,
        price_micro=component.micro_per_kva_month,
        weight_ppm_units=part.need("capacity_va", component.name) * PPM,
    )


def by_demand(component: Demand, part: Part) -> Iterator[Line]:
    """Highest quarter-hour, at least a share of the contract, the excess dearer. Raises `Unrated`
    without a measured or a contracted demand."""
    measured = part.need("demand_w", component.name)
    contracted = part.need("contracted_w", component.name)
    least = -(-contracted * component.least_share_ppm // PPM)
    charged = max(measured, least)
    free = contracted + contracted * component.tolerance_ppm // PPM
    excess = max(0, charged - free) if component.excess_ppm > PPM else 0
    yield from _monthly(
        component,
        part,
        quantity=charged,
        unit=Unit.W,
        price_micro=component.micro_per_kw_month,
        weight_ppm_units=(charged - excess) * PPM + excess * component.excess_ppm,
    )


def _monthly(
    component: Capacity | Demand,
    part: Part,
    *,
    quantity: int,
    unit: Unit,
    price_micro: int,
    weight_ppm_units: int,
) -> Iterator[Line]:
    served, of = _month_share(component.day_is, part)
    if served and quantity:
        yield Line(
            kind=component.kind,
            component=component.name,
            detail=f"{served}/{of}",
            quantity=quantity,
            unit=unit,
            price_micro=price_micro,
            amount_micro=half_up(weight_ppm_units * price_micro * served, _VA_PER_KVA * PPM * of),
        )


def _month_share(day_is: MonthShare, part: Part) -> tuple[int, int]:
    """Months served in this part as a fraction (numerator, denominator)."""
    months = part.period.months or 1
    before, upto = part.days_before, part.days_before + part.days
    if day_is == "calendar":
        return part.days * months, part.period.days
    most = _DAYS_OF_MONTH * months
    # A whole period is whole months, whether they have 28 days or 31.
    upto = most if upto == part.period.days else min(upto, most)
    return upto - min(before, most), _DAYS_OF_MONTH
