"""From readings to use: what an agreement used of a meter, by local day and slot."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

from billing.readings.values import Columns, Reading
from billing.rerating.register import Counted, MeterTerms, counted, edited
from billing.rerating.tariffs import Tariff
from billing.rerating.undisputed import undisputed
from billing.terms.values import Agreement, Installation
from prewatt_metering.tariffs.periods import period_of

DaySlot: TypeAlias = tuple[date, str]
"""A local day and the name of a time-of-use slot."""
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Use:
    """Wh by (local day, slot), and by the first day of each period the latest trusted reading that
    ends energy of it; taken together meter by meter. A slot that readings reach is there with 0
    where nothing was used in it. ``read_us``: of each meter the latest of these readings."""

    wh: dict[DaySlot, int] = field(default_factory=dict[DaySlot, int])
    last_read_us: dict[date, int] = field(default_factory=dict[date, int])
    read_us: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, other: "Use") -> None:
        """What another meter has."""
        for key, wh in other.wh.items():
            self.wh[key] = self.wh.get(key, 0) + wh
        for first, at_us in other.last_read_us.items():
            self.last_read_us[first] = max(at_us, self.last_read_us.get(first, at_us))
        for meter, at_us in other.read_us.items():
            self.read_us[meter] = max(at_us, self.read_us.get(meter, at_us))

    def by_day(self) -> dict[date, dict[str, int]]:
        """Wh by slot of each day, the days in order."""
        found: dict[date, dict[str, int]] = {}
        for (day, name), wh in sorted(self.wh.items()):
            found.setdefault(day, {})[name] = wh
        return found


def use_of_columns(
    *, agreement: Agreement, tariff: Tariff, meter: MeterTerms, columns: Columns
) -> Use:
    """What ``meter`` counted for the agreement's account on the agreement's days. ``columns`` are
    all readings that there are of the meter."""
    register = undisputed(columns, meter)
    if register is None:
        readings = map(Reading, columns.at_us.tolist(), columns.register_wh.tolist())
        return use_of_meter(agreement=agreement, tariff=tariff, meter=meter, readings=readings)
    (installation,) = meter.installations
    if not register.at_us or installation.account_id != agreement.account_id:
        return Use()
    return _use_of(register, installation, agreement, tariff)


def use_of_meter(
    *, agreement: Agreement, tariff: Tariff, meter: MeterTerms, readings: Iterable[Reading]
) -> Use:
    """The same of readings in any order, repeated or not."""
    use, heard = Use(), edited(readings, meter.edits)
    for installation in meter.installations:
        if installation.account_id == agreement.account_id:
            register = counted(readings=heard, installation=installation, meter=meter)
            if register.at_us:
                use.add(_use_of(register, installation, agreement, tariff))
    return use


def _use_of(
    register: Counted, installation: Installation, agreement: Agreement, tariff: Tariff
) -> Use:
    calendar = tariff.calendar
    begin_us = max(installation.from_us, calendar.first_instant_us(agreement.first_day))
    ends = [register.at_us[-1]]
    if installation.to_us is not None:
        ends.append(installation.to_us)
    if agreement.end_day is not None:
        ends.append(calendar.first_instant_us(agreement.end_day))
    end_us = min(ends)
    if begin_us >= end_us:
        return Use()
    last_read_us = dict(_last_reads(register, tariff, begin_us, end_us))
    return Use(
        _by_slot(register, tariff, max(begin_us, register.at_us[0]), end_us),
        last_read_us,
        {installation.meter: max(last_read_us.values())} if last_read_us else {},
    )


def _by_slot(register: Counted, tariff: Tariff, begin_us: int, end_us: int) -> dict[DaySlot, int]:
    """What the register rose by from boundary to boundary; a name may come twice in a day."""
    wh: dict[DaySlot, int] = {}
    day, counted_wh = tariff.calendar.day_of(begin_us), register.wh_at(begin_us)
    while begin_us < end_us:
        for name, until_us in tariff.slots_of(day).ends():
            if begin_us < min(until_us, end_us):
                begin_us = min(until_us, end_us)
                upto_wh = register.wh_at(begin_us)
                wh[day, name] = wh.get((day, name), 0) + upto_wh - counted_wh
                counted_wh = upto_wh
        day += _DAY
    return wh


def _last_reads(
    register: Counted, tariff: Tariff, begin_us: int, end_us: int
) -> Iterator[tuple[date, int]]:
    """By period, of the readings in (begin, end]. A reading ends energy: at midnight it is of the
    day before."""
    calendar, cycle = tariff.calendar, tariff.book.cycle
    while begin_us < end_us:
        period = period_of(calendar.day_of(begin_us), cycle=cycle)
        until_us = min(calendar.first_instant_us(period.end), end_us)
        last = bisect_right(register.at_us, until_us) - 1
        if last >= 0 and register.at_us[last] > begin_us:
            yield period.first, register.at_us[last]
        begin_us = until_us
