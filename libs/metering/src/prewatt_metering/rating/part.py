"""What a component sees: one version's part of a period, with what came before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prewatt_metering.tariffs.document import TariffVersion
from prewatt_metering.tariffs.periods import Period


class Unrated(LookupError):
    """Something that the tariff asks for is not known; nothing was charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """What the agreement and the meters say beyond active energy. None where nothing is known."""

    capacity_va: int | None = None
    contracted_w: int | None = None
    demand_w: int | None = None
    """The period's highest quarter-hour so far, as measured."""
    reactive_varh: int | None = None
    """Of the period so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Energy by time-of-use name in Wh, after losses and allowance; days with standing charge."""

    version: TariffVersion
    period: Period
    span: Period
    """The part's own days of the period."""
    version_days: int
    """Calendar days of the period on which the version holds."""
    energy_wh: Mapping[str, int]
    days: int
    days_before: int
    """Served in the period's earlier parts."""
    before_wh: Mapping[str, int]
    """Energy of the period's earlier parts that fills the same blocks, likewise after losses and
    allowance."""
    year_before_wh: Mapping[str, int]
    """Energy of the calendar year before this part."""
    period_wh: int
    """Energy of the whole period so far, losses included, allowance not taken off."""
    enterprise: Enterprise = field(default_factory=Enterprise)

    @property
    def total_wh(self) -> int:
        """Energy of the part."""
        return sum(self.energy_wh.values())

    def need(self, name: str, component: str) -> int:
        """A value of the enterprise. Raises `Unrated` where it is not known."""
        value: int | None = getattr(self.enterprise, name)
        if value is None:
            message = f"{component} needs {name}, which is not known of this agreement"
            raise Unrated(message)
        return value
