"""A meter's months as billing rates them, for people to look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from billing.meters.terms import MeterBinding, TariffBook
from billing.postings.values import Posted
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.rating import Charge, rate
from prewatt_metering.monthly.registers import MonthRegister, MonthUsage, usage
from prewatt_metering.monthly.tariffs import NoTariff, version_for

MonthKey: TypeAlias = tuple[str, UUID]
"""Month (YYYY-MM) and binding id."""


@dataclass(frozen=True, slots=True)
class MeterMonth:
    """A month of a binding. ``charge`` and ``currency`` are none where no tariff is known."""

    bound: MeterBinding
    usage: MonthUsage
    charge: Charge | None
    currency: str | None
    posted: Posted | None

    @property
    def key(self) -> MonthKey:
        """What tells it from the meter's other months."""
        return str(self.usage.month), self.bound.id


def newest_of(
    months: Iterable[MeterMonth], *, before: MonthKey | None, limit: int
) -> Sequence[MeterMonth]:
    """The newest ``limit`` of ``months`` before one, the newest first; where two bindings share a
    month, the one that was made later goes first."""
    earlier = [each for each in months if before is None or each.key < before]
    return sorted(earlier, key=lambda month: month.key, reverse=True)[:limit]


def months_of_binding(
    *,
    bound: MeterBinding,
    registers: Mapping[BillingMonth, MonthRegister],
    posted: Mapping[BillingMonth, Posted],
    tariffs: TariffBook,
) -> list[MeterMonth]:
    """Every month from the binding's first to the last with readings, oldest first."""
    clock = tariffs.clock(bound.tariff_code)
    if clock is None:
        return []
    result: list[MeterMonth] = []
    for used in usage(binding=bound.binding, months=registers, clock=clock):
        try:
            version = version_for(versions=tariffs.versions(bound.tariff_code), month=used.month)
        except NoTariff:
            charge, currency = None, None
        else:
            charge = rate(tariff=version.tariff, energy_wh=used.energy_wh, days=used.days)
            currency = version.currency
        result.append(MeterMonth(bound, used, charge, currency, posted.get(used.month)))
    return result
