"""What readings must cost, by the pure libraries and nothing that a service has stored."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache

from prewatt_cli.utility import (
    BLOCK_PRICE,
    FLAT_PRICE,
    SLOTS,
    TARIFFS,
    TAX,
    TIME_OF_USE_PRICE,
    TIMEZONE,
    tariff,
)
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.rating.charge import Charge, charge, parts_of_use
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import TariffVersion, tariff_of
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.vee.trust import trusted
from prewatt_simulator.inventory import Household

ENERGY_ONLY = (
    tariff("energy-flat", FLAT_PRICE, TAX),
    tariff("energy-blocks", BLOCK_PRICE, TAX),
    tariff("energy-time-of-use", TIME_OF_USE_PRICE, TAX, time_of_use=SLOTS),
)
"""Without standing charge: it falls due through today, and a test about energy begins long ago."""
PUBLISHED = (*TARIFFS, *ENERGY_ONLY)
CALENDAR = LocalCalendar(TIMEZONE)
_VERSIONS = {each["code"]: tariff_of(each) for each in PUBLISHED}
_DAY = timedelta(days=1)


def charges(
    household: Household,
    *,
    begins_at: datetime,
    readings: Iterable[tuple[datetime, int]],
    now: datetime,
) -> list[Charge]:
    """By period, oldest first, up to today: what a household owes whose meter serves it since
    ``begins_at`` and whose agreement began on that local day. ``readings``: instant and Wh."""
    version = _VERSIONS[household.tariff_code]
    first_day, today = (CALENDAR.day_of(us_of(each)) for each in (begins_at, now))
    use = _use(household, version, begins_at, readings, first_day)
    served = Period(first_day, today + _DAY)
    book = TariffBook([version])
    days = {day for day, _ in use} | set(_days(served))
    return [
        charge(
            period=period,
            parts=parts_of_use(book=book, period=period, use_wh=use, served=served),
            closed=today >= period.end,
        )
        for period in sorted({period_of(day, cycle=book.cycle) for day in days})
    ]


def _use(
    household: Household,
    version: TariffVersion,
    begins_at: datetime,
    readings: Iterable[tuple[datetime, int]],
    first_day: date,
) -> DayUsage:
    installation = Installation(
        meter=household.meter_id,
        account=household.number,
        from_us=us_of(begins_at),
        opening_wh=household.opening_wh,
    )
    trust = trusted(
        readings=[Reading(us_of(at), register_wh) for at, register_wh in readings],
        installation=installation,
        facts=MeterFacts(meter=household.meter_id),
    )
    return day_usage(
        intervals=trust.intervals,
        installation=installation,
        calendar=CALENDAR,
        slots_of=_slots(version),
        opened=first_day,
    )


def _slots(version: TariffVersion) -> Callable[[date], DaySlots]:
    @cache
    def slots_of(day: date) -> DaySlots:
        return version.slots_of(CALENDAR, day)

    return slots_of


def _days(period: Period) -> Iterable[date]:
    return (period.first + _DAY * number for number in range(period.days))
