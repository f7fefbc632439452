"""Whether there is anything to look for: most meters have nothing, and a glance at their last days
costs a thirtieth of a look. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from prepay_ledger.charging.meters import packed_base_us
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.looks.look import Look, RecentMeter, spikes_of
from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.registers.packing import unpack
from prewatt_metering.registers.readings import Reading
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.checks.vee09_late import LATE_US
from prewatt_metering.vee.checks.vee14_spike import HISTORY_DAYS_MAX

USUAL_BACK = timedelta(days=HISTORY_DAYS_MAX + 7)
"""As far back before its days as a glance needs use."""


def glance_first(looked_before: date) -> date:
    """The first day of a glance: the day before that of the look before. So a silence of a day or a
    register that stood for one, which that look could not know yet, lies a day long in it."""
    return looked_before - timedelta(days=1)


def is_ordinary(
    meter: RecentMeter,
    *,
    relay_open: Sequence[Span],
    first: date,
    look: Look,
    pricings: Pricings,
) -> bool:
    """Whether a look would find nothing that touches the days from ``first`` on. May be False all
    the same. ``meter`` has its readings of these days, and use from `USUAL_BACK` before on."""
    first_us = look.calendar.first_instant_us(first)
    readings: list[Reading] = []
    for day, packed in meter.packed:
        if day >= first:
            some = unpack(packed, base_us=packed_base_us(day))
            late_us = look.calendar.first_instant_us(day) - LATE_US
            if any(each.at_us < late_us for each in some):
                return False
            readings += some
    not_as_ever = [*relay_open, *(each.span for each in meter.limited)]
    return (
        not any(each.end_us is None or each.end_us > first_us for each in not_as_ever)
        and _goes_on(sorted(readings), first_us, look)
        and all(
            sum(day < first for day in days) >= HISTORY_DAYS_MAX for days in meter.days.values()
        )
        and not any(each.end_us > first_us for each in spikes_of(meter, pricings))
    )


def _goes_on(readings: Iterable[Reading], first_us: int, look: Look) -> bool:
    """Whether they follow each other without a silence, the register rises and never stands for a
    day. Of the time before ``first_us`` nothing is known."""
    longest_us = min(look.silence_borne_us, DAY_US)
    last_us, stands_us, last_wh = first_us, first_us, None
    for at_us, register_wh, _ in readings:
        if at_us - last_us > longest_us:
            return False
        if last_wh is not None and register_wh != last_wh:
            if register_wh < last_wh:
                return False
            stands_us = at_us
        if at_us - stands_us >= DAY_US:
            return False
        last_us, last_wh = at_us, register_wh
    return last_wh is not None and look.now_us - last_us <= longest_us
