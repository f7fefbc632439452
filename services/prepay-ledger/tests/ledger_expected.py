"""What accounts must owe, by the pure libraries and nothing that the ledger has stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.rating.charge import Charge, charge, parts_of_use
from prewatt_metering.registers.devices import readings_of_device
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import tariff_of
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.vee.edit import Edit, edited
from prewatt_metering.vee.trust import trusted

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
"""As in conftest.py: where minutes of readings count from."""
ENERGY = {
    "kind": "blocks",
    "name": "energy",
    "blocks": [
        {"upto_wh": 7_001, "micro_per_kwh": 333_337},
        {"upto_wh": 20_003, "micro_per_kwh": 700_003},
        {"upto_wh": None, "micro_per_kwh": 1_000_003},
    ],
}
STANDING = {"kind": "standing", "name": "standing", "micro_per_day": 333_333}
CAPACITY = {"kind": "capacity", "name": "kva", "micro_per_kva_month": 1_000_000}
VAT = {"kind": "levy", "name": "vat", "rate_ppm": 190_000}
_DAY = timedelta(days=1)


def minute_us(minute: int) -> int:
    """The instant so many minutes after `BEGIN`."""
    return us_of(BEGIN + timedelta(minutes=minute))


def document(code: str, **more: Any) -> dict[str, Any]:
    """A tariff of blocks, standing charge and tax in Berlin's days."""
    return {
        "code": code,
        "valid_from": "2026-01-01",
        "currency": "CNY",
        "timezone": "Europe/Berlin",
        "components": [ENERGY, STANDING, VAT],
    } | more


@dataclass(kw_only=True)
class Metered:
    """A meter as it is in truth; ``readings``: (minutes after `BEGIN`, Wh)."""

    meter_id: str
    installations: list[Installation] = field(default_factory=list[Installation])
    readings: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    edits: list[Edit] = field(default_factory=list[Edit])
    facts: MeterFacts | None = None

    def serves(
        self, account: dict[str, Any], begin: int = 0, end: int | None = None, **more: Any
    ) -> "Metered":
        """The meter with one more installation, from and to minutes after `BEGIN`."""
        self.installations.append(
            Installation(
                meter=self.meter_id,
                account=account["id"],
                from_us=minute_us(begin),
                to_us=None if end is None else minute_us(end),
                **more,
            )
        )
        return self

    def use(
        self,
        account_id: str,
        calendar: LocalCalendar,
        slots_of: Callable[[date], DaySlots],
        span: tuple[date, date | None],
    ) -> DayUsage:
        """What it used at the account on the days of ``span``."""
        total: DayUsage = {}
        readings = edited(
            readings=[Reading(minute_us(minute), wh) for minute, wh in self.readings],
            edits=self.edits,
        )
        for each in self.installations:
            if each.account != account_id:
                continue
            trust = trusted(
                readings=readings_of_device(
                    readings=readings, installation=each, installations=self.installations
                ),
                installation=each,
                facts=self.facts or MeterFacts(meter=self.meter_id),
            )
            used = day_usage(
                intervals=trust.intervals,
                installation=each,
                calendar=calendar,
                slots_of=slots_of,
                opened=span[0],
                closed=None if span[1] is None else span[1] - _DAY,
            )
            for key, wh in used.items():
                total[key] = total.get(key, 0) + wh
        return total


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """An agreement in truth, with all versions of its tariff."""

    documents: Sequence[dict[str, Any]]
    first_day: date = date(2026, 3, 1)
    end_day: date | None = None

    def charges(
        self, account: dict[str, Any], meters: Sequence[Metered], *, now: datetime
    ) -> list[Charge]:
        """By period, the oldest first, up to today: what the account owes."""
        book = TariffBook([tariff_of(each) for each in self.documents])
        calendar = LocalCalendar(book.versions[0].timezone)
        slots_of = _slots(book, calendar)
        use: DayUsage = {}
        for meter in meters:
            used = meter.use(account["id"], calendar, slots_of, (self.first_day, self.end_day))
            for key, wh in used.items():
                use[key] = use.get(key, 0) + wh
        today = calendar.day_of(us_of(now))
        end = today + _DAY if self.end_day is None else min(today + _DAY, self.end_day)
        served = Period(self.first_day, end)
        charges: list[Charge] = []
        of_year: dict[int, dict[str, int]] = {}
        for period in _periods(book, served):
            year = of_year.setdefault(period.first.year, {})
            charges.append(
                charge(
                    period=period,
                    parts=parts_of_use(book=book, period=period, use_wh=use, served=served),
                    year_before_wh=dict(year),
                    closed=today >= period.end,
                )
            )
            for (day, slot), wh in use.items():
                if day in period:
                    year[slot] = year.get(slot, 0) + wh
        return charges


def _periods(book: TariffBook, served: Period) -> list[Period]:
    days = (served.first + _DAY * number for number in range(served.days))
    return sorted({period_of(day, cycle=book.cycle) for day in days})


def _slots(book: TariffBook, calendar: LocalCalendar) -> Callable[[date], DaySlots]:
    @cache
    def slots_of(day: date) -> DaySlots:
        return book.version_of(day).slots_of(calendar, day)

    return slots_of
