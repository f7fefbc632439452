"""Rule 4: energy by local day and slot, split by elapsed time, integers that sum."""

from collections.abc import Callable
from datetime import date

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Intervals
from prewatt_metering.registers.readings import Quality
from prewatt_metering.usage.risen import risen

DayUsage = dict[tuple[date, str], int]


def day_usage(
    *,
    intervals: Intervals,
    installation: Installation,
    calendar: LocalCalendar,
    slots_of: Callable[[date], DaySlots],
    opened: date | None = None,
    closed: date | None = None,
) -> DayUsage:
    """{(local day, slot name): Wh at the point of supply}, for days that intervals touch.

    Of an interval of delta Wh the part before a boundary is ``delta * time before it // time in
    all``: the parts are integers and sum to delta. Only energy inside the installation (from, to]
    and the account's days counts, ``opened`` to ``closed``, both included (none: no such end). The
    installation's multiplier is applied here, once, before the split. A day that is known to have
    used nothing is there with 0; one that no interval reaches is not.
    """
    span = _charged_span(intervals, installation, calendar, opened, closed)
    if span is None:
        return {}
    begin_us, until_us = span
    risen_wh = risen(intervals, installation.multiplier)
    usage: DayUsage = {}
    day = calendar.day_of(begin_us)
    low_wh = risen_wh(begin_us)
    while begin_us < until_us:
        for name, end_us in slots_of(day).ends():
            if end_us <= begin_us:
                continue
            begin_us = min(end_us, until_us)
            high_wh = risen_wh(begin_us)
            key = (day, name)
            usage[key] = usage.get(key, 0) + high_wh - low_wh
            low_wh = high_wh
            if begin_us == until_us:
                break
        day = date.fromordinal(day.toordinal() + 1)
    return usage


def day_quality(
    *,
    intervals: Intervals,
    installation: Installation,
    calendar: LocalCalendar,
    opened: date | None = None,
    closed: date | None = None,
) -> dict[date, Quality]:
    """The worst quality of each day's energy, for days that are not wholly measured."""
    span = _charged_span(intervals, installation, calendar, opened, closed)
    if span is None or max(intervals.quality) is Quality.MEASURED:
        return {}
    worst: dict[date, Quality] = {}
    for begin_us, end_us, _, quality in intervals:
        since_us, until_us = max(begin_us, span[0]), min(end_us, span[1])
        if quality is Quality.MEASURED or since_us >= until_us:
            continue
        day, last = calendar.day_of(since_us), calendar.day_of(until_us - 1)
        while day <= last:
            worst[day] = max(quality, worst.get(day, quality))
            day = date.fromordinal(day.toordinal() + 1)
    return worst


def _charged_span(
    intervals: Intervals,
    installation: Installation,
    calendar: LocalCalendar,
    opened: date | None,
    closed: date | None,
) -> tuple[int, int] | None:
    """(begin, end) of what may be charged of ``intervals``; none: nothing."""
    if not intervals.wh:
        return None
    begins = [intervals.at_us[0]]
    ends = [intervals.at_us[-1]]
    if installation.from_us is not None:
        begins.append(installation.from_us)
    if opened is not None:
        begins.append(calendar.first_instant_us(opened))
    if installation.to_us is not None:
        ends.append(installation.to_us)
    if closed is not None:
        ends.append(calendar.end_us(closed))
    begin_us, end_us = max(begins), min(ends)
    return (begin_us, end_us) if begin_us < end_us else None
