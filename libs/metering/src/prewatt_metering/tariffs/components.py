"""The components of a tariff's price: what each kind of them says. How they are rated: `rating`.

Order is the document's: a component that takes a share of others (``on``) names earlier ones, or
takes all that stand before it. Every component makes its own lines; lines are never merged.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from prewatt_metering.tariffs.fields import (
    Micro,
    MicroFrom0,
    Name,
    Ppm,
    Share,
    Strict,
    Wh,
    WhFrom0,
    YearMonth,
)

MonthShare = Literal["calendar", "thirtieth"]
"""What a day is of a monthly price: one of the period's own days, or a thirtieth, at most thirty a
month, as China's capacity charge has it."""


class Component(Strict):
    """What all have: a name that stands on the line and that later components refer to."""

    name: Name


class EnergyPrice(Component):
    """A price per kWh by time-of-use name. A name that it leaves out costs nothing here."""

    kind: Literal["energy"]
    micro_per_kwh: dict[Name, Micro] = Field(min_length=1)


class Block(Strict):
    """A step of the energy, up to and with ``upto_wh`` of it; the last has no end."""

    upto_wh: Wh | None
    micro_per_kwh: Micro


class Blocks(Component):
    """Steps that fill in the order of quantity: a price, or an adder on others', per kWh.

    ``over`` says what fills them: the billing period's energy or the calendar year's, which no
    version prorates. ``of`` takes the energy of some time-of-use names only (blocks within a name).
    """

    kind: Literal["blocks"]
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=50)
    over: Literal["period", "year"] = "period"
    of: tuple[Name, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> "Blocks":
        check_rising([block.upto_wh for block in self.blocks])
        return self


class Table(Strict):
    """The blocks that hold for the whole period where its total is at most ``total_upto_wh``."""

    total_upto_wh: Wh | None
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _rising(self) -> "Table":
        check_rising([block.upto_wh for block in self.blocks])
        return self


class Tables(Component):
    """Blocks chosen by where the period's total falls, as in Tamil Nadu: crossing the edge prices
    the whole period anew. A table of one block without an end prices all of it alike."""

    kind: Literal["tables"]
    tables: tuple[Table, ...] = Field(min_length=2, max_length=20)

    @model_validator(mode="after")
    def _tables_rising(self) -> "Tables":
        check_rising([table.total_upto_wh for table in self.tables])
        return self


class Standing(Component):
    """A price per local calendar day, due whether the meter is read or not."""

    kind: Literal["standing"]
    micro_per_day: MicroFrom0


class Fixed(Component):
    """A price per billing period, due by the day so that it never jumps."""

    kind: Literal["fixed"]
    micro_per_period: MicroFrom0


class Capacity(Component):
    """基本电费 by capacity: a price per month and kVA of the agreement's capacity."""

    kind: Literal["capacity"]
    micro_per_kva_month: MicroFrom0
    day_is: MonthShare = "calendar"


class Demand(Component):
    """基本电费 by measured demand: a price per month and kW of the period's highest quarter-hour.

    At least ``least_share_ppm`` of the contracted demand is charged; what exceeds the contract by
    more than ``tolerance_ppm`` of it costs ``excess_ppm`` of the price instead.
    """

    kind: Literal["demand"]
    micro_per_kw_month: MicroFrom0
    least_share_ppm: Share = 0
    tolerance_ppm: Share = 0
    excess_ppm: Annotated[int, Field(strict=True, ge=1_000_000, le=10_000_000)] = 1_000_000
    day_is: MonthShare = "calendar"


class PurchasedEnergy(Component):
    """代理购电: a price per kWh told month by month; a month without one cannot be rated."""

    kind: Literal["purchased"]
    micro_per_kwh: dict[YearMonth, Micro] = Field(min_length=1)


class PowerFactorStep(Strict):
    """The adjustment where the power factor is at least ``from_ppm``."""

    from_ppm: Share
    adjust_ppm: Ppm


class PowerFactor(Component):
    """力调电费: an adjustment of earlier lines by the period's average power factor."""

    kind: Literal["power_factor"]
    steps: tuple[PowerFactorStep, ...] = Field(min_length=1, max_length=200)
    """Falling thresholds; the first that the power factor reaches holds, the last begins at 0."""
    on: tuple[Name, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _falling(self) -> "PowerFactor":
        thresholds = [step.from_ppm for step in self.steps]
        if thresholds != sorted(set(thresholds), reverse=True) or thresholds[-1] != 0:
            message = "the steps' from_ppm must fall from step to step and end at 0"
            raise ValueError(message)
        return self


class Minimum(Component):
    """The least that the earlier lines come to in a period; due by the day."""

    kind: Literal["minimum"]
    micro_per_period: MicroFrom0
    on: tuple[Name, ...] | None = Field(default=None, min_length=1)


class Levy(Component):
    """A tax or levy: a share of earlier lines (levies among them where they stand before)."""

    kind: Literal["levy"]
    rate_ppm: Share
    on: tuple[Name, ...] | None = Field(default=None, min_length=1)


class EnergyLevy(Component):
    """A levy per kWh, whatever the hour."""

    kind: Literal["energy_levy"]
    micro_per_kwh: MicroFrom0


class Discount(Component):
    """A share of earlier lines, or a fixed amount a period, given back; at most what they are."""

    kind: Literal["discount"]
    rate_ppm: Share = 0
    micro_per_period: MicroFrom0 = 0
    on: tuple[Name, ...] | None = Field(default=None, min_length=1)
    total_upto_wh: WhFrom0 | None = None
    """Only where the period's energy is at most this."""
    paid_by: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    """Who bears it: named, it is a subsidy that somebody owes to the utility."""

    @model_validator(mode="after")
    def _one_of_two(self) -> "Discount":
        if (self.rate_ppm == 0) == (self.micro_per_period == 0):
            message = "a discount says either rate_ppm or micro_per_period"
            raise ValueError(message)
        return self


AnyComponent = Annotated[
    EnergyPrice
    | Blocks
    | Tables
    | Standing
    | Fixed
    | Capacity
    | Demand
    | PurchasedEnergy
    | PowerFactor
    | Minimum
    | Levy
    | EnergyLevy
    | Discount,
    Field(discriminator="kind"),
]


class Allowance(Strict):
    """Energy of a period that costs nothing: taken off before any component sees the rest."""

    wh_per_period: Wh
    total_upto_wh: Wh | None = None
    """Only where the period's energy is at most this."""
    paid_by: Annotated[str, Field(min_length=1, max_length=120)] | None = None


class Losses(Strict):
    """What transformer and line take, where the meter stands behind them: added to the energy."""

    fixed_wh_per_day: WhFrom0 = 0
    share_ppm: Share = 0


class Rounding(Strict):
    """The total of a period to a whole number of ``to_micro``; the difference is a line."""

    to_micro: Annotated[int, Field(strict=True, gt=0, le=10**9)]
    mode: Literal["half_up", "up", "down"] = "half_up"


def check_rising(ends: Sequence[int | None]) -> None:
    """Raises ValueError unless the ends rise strictly and only the last is open."""
    if ends[-1] is not None:
        message = "the last one must have no end, or energy above it has no price"
        raise ValueError(message)
    closed = [end for end in ends if end is not None]
    if len(closed) < len(ends) - 1:
        message = "only the last one has no end"
        raise ValueError(message)
    if any(after <= before for before, after in pairwise(closed)):
        message = f"the ends must rise: {closed}"
        raise ValueError(message)
