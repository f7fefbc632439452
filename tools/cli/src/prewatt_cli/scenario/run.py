"""A scenario through trust, use and charge: the answer in the form of an independent ledger."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

from prewatt_cli.scenario.form import Account, Meter, Scenario
from prewatt_cli.scenario.money import money_of
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.rating.charge import Charge, charge, parts_of_use
from prewatt_metering.rating.lines import Line
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.vee.trust import trusted

Answer = dict[str, Any]
_DAY = timedelta(days=1)


def run_scenario(scenario: Scenario) -> dict[str, Answer]:
    """By account id. Raises ValueError for what contradicts itself."""
    calendar = LocalCalendar(scenario.tz)
    book = TariffBook(scenario.tariff_versions())
    slots_of = _slots_by_tariff(book, calendar)
    return {
        account.id: _account(scenario, account, calendar, book, slots_of)
        for account in scenario.accounts
    }


def _account(
    scenario: Scenario,
    account: Account,
    calendar: LocalCalendar,
    book: TariffBook,
    slots_of: Callable[[date], DaySlots],
) -> Answer:
    flags: dict[str, int] = defaultdict(int)
    use: DayUsage = defaultdict(int)
    for meter in account.meters:
        used = _use(scenario, account, meter, calendar=calendar, slots_of=slots_of, flags=flags)
        for key, wh in used.items():
            use[key] += wh
    served = _served(account, calendar, us_of(scenario.as_of))
    months: dict[str, Answer] = {}
    for period in _periods(use, served, book):
        parts = parts_of_use(book=book, period=period, use_wh=use, served=served)
        months[f"{period.first:%Y-%m}"] = _month(charge(period=period, parts=parts), use)
    money = money_of(scenario, account.id)
    if money.contradictions:
        flags["contradiction"] += money.contradictions
    charges_micro = sum(month["charge_micro"] for month in months.values())
    balance_micro = money.topups_micro - money.refunds_micro - charges_micro
    return {
        "balance_micro": balance_micro,
        "topups_micro": money.topups_micro,
        "refunds_micro": money.refunds_micro,
        "suspense_micro": money.suspense_micro,
        "charges_micro": charges_micro,
        "months": months,
        "parked_refunds": money.parked_refunds,
        "flags": dict(sorted(flags.items())),
        "supply": "off" if balance_micro <= -scenario.emergency_micro else "on",
    }


def _use(
    scenario: Scenario,
    account: Account,
    meter: Meter,
    *,
    calendar: LocalCalendar,
    slots_of: Callable[[date], DaySlots],
    flags: dict[str, int],
) -> DayUsage:
    installation = Installation(
        meter=meter.id,
        account=account.id,
        from_us=us_of(meter.since) if meter.since else None,
        to_us=us_of(meter.until) if meter.until else None,
        opening_wh=meter.opening_wh,
        closing_wh=meter.closing_wh,
    )
    trust = trusted(
        readings=[
            Reading(us_of(each.ts), each.register_wh)
            for each in scenario.readings
            if each.meter == meter.id
        ],
        installation=installation,
        facts=MeterFacts(
            meter=meter.id,
            modulus_wh=meter.modulus_wh,
            resolution_wh=meter.resolution_wh,
            max_w=meter.max_w,
        ),
        as_of_us=us_of(scenario.as_of),
    )
    for name, count in trust.flags().items():
        flags[name] += count
    return day_usage(
        intervals=trust.intervals,
        installation=installation,
        calendar=calendar,
        slots_of=slots_of,
        opened=account.opened,
        closed=account.closed,
    )


def _slots_by_tariff(book: TariffBook, calendar: LocalCalendar) -> Callable[[date], DaySlots]:
    @cache
    def slots_of(day: date) -> DaySlots:
        return book.version_of(day).slots_of(calendar, day)

    return slots_of


def _served(account: Account, calendar: LocalCalendar, as_of_us: int) -> Period | None:
    """The days whose standing charge is due: from the first instant of each."""
    last = calendar.day_of(as_of_us)
    if account.closed is not None:
        last = min(last, account.closed)
    return Period(account.opened, last + _DAY) if account.opened <= last else None


def _periods(use: DayUsage, served: Period | None, book: TariffBook) -> Iterator[Period]:
    days = {day.replace(day=1) for day, _ in use}
    if served is not None:
        day = served.first.replace(day=1)
        while day < served.end:
            days.add(day)
            day = (day + 31 * _DAY).replace(day=1)
    for day in sorted(days):
        yield period_of(day, cycle=book.cycle)


def _month(result: Charge, use: DayUsage) -> Answer:
    days = 0
    wh = 0
    parts: list[Answer] = []
    for part in result.parts:
        used = [line.quantity for line in part.lines if line.kind == "energy"]
        standing = sum(line.quantity for line in part.lines if line.kind == "standing")
        wh += sum(used)
        days += standing
        if standing or any(day in part.span for day, _ in use):
            parts.append(
                {
                    "version": part.version.valid_from.isoformat(),
                    "lines": [_line(line) for line in part.lines if line.kind != "levy"],
                    "tax_micro": sum(x.amount_micro for x in part.lines if x.kind == "levy"),
                }
            )
    return {"wh": wh, "days": days, "parts": parts, "charge_micro": result.total_micro}


def _line(line: Line) -> list[str | int | None]:
    match line.kind:
        case "energy":
            return ["tou", line.detail, line.quantity, line.amount_micro]
        case "blocks":
            upto_wh = int(line.detail) if line.detail else None
            return ["block", upto_wh, line.quantity, line.amount_micro]
        case _:
            return ["standing", None, line.quantity, line.amount_micro]
