"""What is a share of other lines: power factor, minimum, levies, discounts. Each sees the lines of
the part that stand before it."""

from collections.abc import Iterator, Sequence
from math import isqrt

from prewatt_metering.rating.lines import PPM, Line, Unit, half_up, total_micro
from prewatt_metering.rating.part import Part
from prewatt_metering.tariffs.components import Discount, Levy, Minimum, PowerFactor


def _base_micro(on: Sequence[str] | None, before: Sequence[Line]) -> int:
    return total_micro(line for line in before if on is None or line.component in on)


def levied(component: Levy, before: Sequence[Line]) -> Iterator[Line]:
    """A tax on lines as they are rounded, so that a statement can be checked with pen and paper."""
    base = _base_micro(component.on, before)
    yield Line(
        kind=component.kind,
        component=component.name,
        quantity=base,
        unit=Unit.SHARE,
        price_micro=component.rate_ppm,
        amount_micro=half_up(base * component.rate_ppm, PPM),
    )


def topped_to_minimum(component: Minimum, part: Part, before: Sequence[Line]) -> Iterator[Line]:
    """What is missing to the served days' share of the minimum."""
    base = _base_micro(component.on, before)
    least = half_up(component.micro_per_period * part.days, part.period.days)
    if base < least:
        yield Line(
            kind=component.kind,
            component=component.name,
            quantity=part.days,
            unit=Unit.DAY,
            price_micro=component.micro_per_period,
            amount_micro=least - base,
        )


def discounted(component: Discount, part: Part, before: Sequence[Line]) -> Iterator[Line]:
    """A share or the served days' part of a fixed amount given back, at most what the lines are.
    Below 0 when it is rounded: half a micro-unit is not given."""
    if component.total_upto_wh is not None and part.period_wh > component.total_upto_wh:
        return
    base = max(0, _base_micro(component.on, before))
    if component.rate_ppm:
        amount = half_up(-base * component.rate_ppm, PPM)
        quantity, unit, price = base, Unit.SHARE, component.rate_ppm
    else:
        amount = max(-base, half_up(-component.micro_per_period * part.days, part.period.days))
        quantity, unit, price = part.days, Unit.DAY, component.micro_per_period
    if amount:
        yield Line(
            kind=component.kind,
            component=component.name,
            quantity=quantity,
            unit=unit,
            price_micro=price,
            amount_micro=amount,
            paid_by=component.paid_by,
        )


def adjusted_for_power_factor(
    component: PowerFactor, part: Part, before: Sequence[Line]
) -> Iterator[Line]:
    """力调电费: a share of lines by the period's average power factor. Raises `Unrated` without
    reactive energy."""
    factor_ppm = power_factor_ppm(
        active_wh=part.period_wh, reactive_varh=part.need("reactive_varh", component.name)
    )
    step = next(each for each in component.steps if factor_ppm >= each.from_ppm)
    base = _base_micro(component.on, before)
    if step.adjust_ppm and base:
        yield Line(
            kind=component.kind,
            component=component.name,
            detail=f"{factor_ppm / PPM:.4f}",
            quantity=base,
            unit=Unit.SHARE,
            price_micro=step.adjust_ppm,
            amount_micro=half_up(base * step.adjust_ppm, PPM),
        )


def power_factor_ppm(*, active_wh: int, reactive_varh: int) -> int:
    """P / sqrt(P^2 + Q^2) in ppm, rounded down; 1 where nothing was used.

    >>> power_factor_ppm(active_wh=4, reactive_varh=3)
    800000
    """
    square = active_wh**2 + reactive_varh**2
    return isqrt(active_wh**2 * PPM**2 // square) if square else PPM
