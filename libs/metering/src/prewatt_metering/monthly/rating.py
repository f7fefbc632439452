"""Rating: what a month's energy and days cost under a tariff."""

from dataclasses import dataclass
from typing import ClassVar

from prewatt_metering.monthly.tariffs import Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge by component, in integer micro-units of the currency."""

    ZERO: ClassVar["Charge"]

    energy_micro: int
    standing_micro: int
    tax_micro: int

    @property
    def total_micro(self) -> int:
        """What the customer owes."""
        return self.energy_micro + self.standing_micro + self.tax_micro

    def __add__(self, other: "Charge") -> "Charge":
        return Charge(
            energy_micro=self.energy_micro + other.energy_micro,
            standing_micro=self.standing_micro + other.standing_micro,
            tax_micro=self.tax_micro + other.tax_micro,
        )

    def __sub__(self, other: "Charge") -> "Charge":
        return Charge(
            energy_micro=self.energy_micro - other.energy_micro,
            standing_micro=self.standing_micro - other.standing_micro,
            tax_micro=self.tax_micro - other.tax_micro,
        )


Charge.ZERO = Charge(energy_micro=0, standing_micro=0, tax_micro=0)


def rate(*, tariff: Tariff, energy_wh: int, days: int) -> Charge:
    """The charge of a whole month: energy through the blocks, standing days, tax on both.

    Price times Wh is exact in 1e-9 units. Each component is rounded once, half up: energy from
    the exact sum over its blocks, tax from the rounded energy and standing that a statement
    shows. Raises ValueError for negative energy or days.
    """
    if energy_wh < 0 or days < 0:
        message = f"energy {energy_wh} Wh and {days} days must not be negative"
        raise ValueError(message)
    energy_nano = below = 0
    for block in tariff.blocks:
        if block.upto_wh is None or energy_wh <= block.upto_wh:
            energy_nano += (energy_wh - below) * block.price_micro_per_kwh
            break
        energy_nano += (block.upto_wh - below) * block.price_micro_per_kwh
        below = block.upto_wh
    energy_micro = (energy_nano + 500) // 1_000
    standing_micro = days * tariff.standing_micro_per_day
    return Charge(
        energy_micro=energy_micro,
        standing_micro=standing_micro,
        tax_micro=((energy_micro + standing_micro) * tariff.tax_bp + 5_000) // 10_000,
    )
