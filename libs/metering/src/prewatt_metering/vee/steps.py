"""Rule 2: one step between two readings: how much it is, and what is unusual about it."""

from dataclasses import dataclass
from enum import StrEnum

from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.checks.vee04_rollover import rolled_over_wh
from prewatt_metering.vee.checks.vee07_implausible import possible


class Kind(StrEnum):
    """What a step is. The names are those of the checks VEE-04, VEE-06 and VEE-07."""

    ORDINARY = "ordinary"
    ROLLOVER = "rollover"
    RESET = "reset"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRule:
    """What bounds a step of one meter at one installation."""

    limit_w: int
    resolution_wh: int
    multiplier: int
    modulus_wh: int | None

    def step(self, before: Reading, after: Reading) -> tuple[int, Kind]:
        """(Wh of the register, what the step is). A reset and an implausible one have 0 Wh."""
        delta_wh = after.register_wh - before.register_wh
        elapsed_us = after.at_us - before.at_us
        if delta_wh >= 0:
            if self._possible(delta_wh, elapsed_us):
                return delta_wh, Kind.ORDINARY
            return 0, Kind.IMPLAUSIBLE
        around_wh = rolled_over_wh(delta_wh=delta_wh, modulus_wh=self.modulus_wh)
        if around_wh is not None and self._possible(around_wh, elapsed_us):
            return around_wh, Kind.ROLLOVER
        return 0, Kind.RESET

    def _possible(self, wh: int, elapsed_us: int) -> bool:
        return possible(
            wh=wh,
            elapsed_us=elapsed_us,
            limit_w=self.limit_w,
            resolution_wh=self.resolution_wh,
            multiplier=self.multiplier,
        )


def step_rule(*, facts: MeterFacts, installation: Installation) -> StepRule:
    """The bounds of ``facts``, as they are at ``installation``."""
    return StepRule(
        limit_w=facts.limit_w,
        resolution_wh=facts.resolution_wh,
        multiplier=installation.multiplier,
        modulus_wh=facts.modulus_wh,
    )
