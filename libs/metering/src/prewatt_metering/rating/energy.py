"""Energy by time of use, by blocks, by a table that the total chooses, by a month's own price.

Oracle rule 6: one line a name or block, quantity x price, rounded once. Adders are lines of their
own, so nothing depends on the order in which energy was seen. Rule 5: blocks fill through the
period's parts with each version's full limits, or from nothing with limits by days (``prorate``).
Blocks of a calendar year are full whatever a version says of the period's.
"""

from collections.abc import Iterator, Sequence

from prewatt_metering.rating.lines import Line, Unit, priced_wh
from prewatt_metering.rating.part import Part, Unrated
from prewatt_metering.tariffs.components import (
    Block,
    Blocks,
    EnergyLevy,
    EnergyPrice,
    PurchasedEnergy,
    Tables,
)


def _wh_line(
    component: Blocks | EnergyLevy | EnergyPrice | PurchasedEnergy | Tables,
    wh: int,
    micro_per_kwh: int,
    detail: str = "",
) -> Line:
    return Line(
        kind=component.kind,
        component=component.name,
        detail=detail,
        quantity=wh,
        unit=Unit.WH,
        price_micro=micro_per_kwh,
        amount_micro=priced_wh(wh, micro_per_kwh),
    )


def by_time_of_use(component: EnergyPrice, part: Part) -> Iterator[Line]:
    """A line for each name with energy and a price."""
    for name, wh in sorted(part.energy_wh.items()):
        price = component.micro_per_kwh.get(name)
        if wh and price is not None:
            yield _wh_line(component, wh, price, name)


def by_blocks(component: Blocks, part: Part) -> Iterator[Line]:
    """A line for each block that has energy of this part."""
    names = component.of or part.energy_wh.keys()
    before = part.before_wh if component.over == "period" else part.year_before_wh
    yield from _filled(
        component,
        component.blocks,
        part,
        wh=sum(part.energy_wh.get(name, 0) for name in names),
        before_wh=sum(before.get(name, 0) for name in component.of or before),
        by_days=part.version.prorate and component.over == "period",
    )


def by_table(component: Tables, part: Part) -> Iterator[Line]:
    """The blocks of the table in whose range the period's total falls."""
    table = next(
        each
        for each in component.tables
        if each.total_upto_wh is None or part.period_wh <= each.total_upto_wh
    )
    yield from _filled(
        component,
        table.blocks,
        part,
        wh=part.total_wh,
        before_wh=sum(part.before_wh.values()),
        by_days=part.version.prorate,
    )


def by_month(component: PurchasedEnergy, part: Part) -> Iterator[Line]:
    """All energy at the month's price. Raises `Unrated` for energy of a month that has none yet."""
    if not part.total_wh:
        return
    month = f"{part.span.first:%Y-%m}"
    price = component.micro_per_kwh.get(month)
    if price is None:
        latest = max(component.micro_per_kwh)
        message = f"{component.name} has no price of {month}; the latest is of {latest}"
        raise Unrated(message)
    yield _wh_line(component, part.total_wh, price, month)


def per_kwh(component: EnergyLevy, part: Part) -> Iterator[Line]:
    """A levy on the energy of the part."""
    if part.total_wh:
        yield _wh_line(component, part.total_wh, component.micro_per_kwh)


def _filled(
    component: Blocks | Tables,
    blocks: Sequence[Block],
    part: Part,
    *,
    wh: int,
    before_wh: int,
    by_days: bool,
) -> Iterator[Line]:
    low, total = before_wh, before_wh + wh
    for block in blocks:
        limit = block.upto_wh
        if limit is not None and by_days:
            limit = limit * part.version_days // part.period.days
        high = total if limit is None else min(total, limit)
        if high > low:
            detail = "" if block.upto_wh is None else str(block.upto_wh)
            yield _wh_line(component, high - low, block.micro_per_kwh, detail)
            low = high
