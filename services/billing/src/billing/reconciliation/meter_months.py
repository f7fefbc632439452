"""A meter's months as billing rates them, for people to look at."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.meters.terms import MeterBinding, TariffBook
from billing.postings.values import Posted
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.rating import Charge, rate
from prewatt_metering.monthly.registers import MonthRegister, MonthUsage, usage
from prewatt_metering.monthly.tariffs import NoTariff, version_for


@dataclass(frozen=True, slots=True)
class MeterMonth:
    """A month of a binding. ``charge`` and ``currency`` are none where no tariff is known."""

    bound: MeterBinding
    usage: MonthUsage
    charge: Charge | None
    currency: str | None
    posted: Posted | None


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
