"""The fast path: the next reading of the open day, added to what is known of the day.

Only for a reading that is the next in order, ordinary, measured, within the same day, and with
nothing unusual in the seven days before. Everything else takes the slow path, from the set; a
property test holds both equal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.slots import DaySlots
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.readings import Quality, Reading
from prewatt_metering.usage.days import DayUsage
from prewatt_metering.usage.risen import risen
from prewatt_metering.vee.checks import vee05_glitch, vee06_reset, vee07_implausible
from prewatt_metering.vee.checks.vee05_glitch import EXCURSION_MAX_US
from prewatt_metering.vee.checks.vee07_implausible import possible
from prewatt_metering.vee.findings import Finding
from prewatt_metering.vee.steps import StepRule
from prewatt_metering.vee.trust import Trust

# A later reading may still change what was made of these. A rollover, a conflict, a duplicate and a
# value out of range are settled at once.
_OPEN = {each.CHECK.check_id for each in (vee05_glitch, vee06_reset, vee07_implausible)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDay:
    """What the fast path needs of a meter: the day that its next interval begins in.

    ``piece_wh``: Wh at the point of supply by piece of ``slots``, from ``since_us`` (the day's
    beginning, or where readings, installation or account began) to ``last_at_us``. The next reading
    may be dated after ``last_at_us`` and ``quiet_from_us``, and not after ``until_us``.
    """

    slots: DaySlots
    piece_wh: tuple[int, ...]
    since_us: int
    last_at_us: int
    last_wh: int
    quiet_from_us: int
    until_us: int

    def usage(self) -> DayUsage:
        """{(day, slot): Wh} of this day, as `day_usage` gives it: slots that were reached."""
        used: DayUsage = {}
        begin_us = self.slots.pieces[0][0]
        for (name, end_us), wh in zip(self.slots.ends(), self.piece_wh, strict=True):
            if max(begin_us, self.since_us) < min(end_us, self.last_at_us):
                key = (self.slots.day, name)
                used[key] = used.get(key, 0) + wh
            begin_us = end_us
        return used


def open_day(
    *,
    trust: Trust,
    installation: Installation,
    calendar: LocalCalendar,
    slots_of: Callable[[date], DaySlots],
    opened: date | None = None,
    closed: date | None = None,
) -> OpenDay | None:
    """The open day by the slow path; none where the next reading has to take it as well.

    That is so before the second reading, outside the installation or the account's days, and
    until an ordinary reading has followed what was unusual.
    """
    intervals, last = trust.intervals, trust.last
    if last is None or not intervals.wh:
        return None
    unusual_us = _last_unusual_us(trust.findings)
    if unusual_us is not None and intervals.at_us[-2] <= unusual_us:
        return None
    slots = slots_of(calendar.day_of(last.at_us))
    begin_us, until_us = intervals.at_us[0], slots.end_us
    if installation.from_us is not None:
        begin_us = max(begin_us, installation.from_us)
    if opened is not None:
        begin_us = max(begin_us, calendar.first_instant_us(opened))
    if installation.to_us is not None:
        until_us = min(until_us, installation.to_us - 1)  # what is read at its end has a say there
    if closed is not None:
        until_us = min(until_us, calendar.end_us(closed))
    if last.at_us < begin_us or until_us <= last.at_us:
        return None
    energy = risen(intervals, installation.multiplier)
    begins = [max(at_us, begin_us) for at_us, _ in slots.pieces]
    reached = [energy(min(at_us, last.at_us)) for at_us in [*begins, last.at_us]]
    return OpenDay(
        slots=slots,
        piece_wh=tuple(high - low for low, high in pairwise(reached)),
        since_us=max(begin_us, slots.pieces[0][0]),
        last_at_us=last.at_us,
        last_wh=last.register_wh,
        quiet_from_us=last.at_us if unusual_us is None else unusual_us + EXCURSION_MAX_US,
        until_us=until_us,
    )


def append(*, state: OpenDay, reading: Reading, rule: StepRule) -> OpenDay | None:
    """The day with ``reading`` added; none where the slow path has to look.

    ``rule`` is `step_rule` of the meter and its installation.
    """
    at_us, register_wh, quality = reading
    elapsed_us = at_us - state.last_at_us
    delta_wh = register_wh - state.last_wh
    if (
        elapsed_us <= 0
        or at_us <= state.quiet_from_us
        or at_us > state.until_us
        or delta_wh < 0
        or quality is not Quality.MEASURED
        or (rule.modulus_wh is not None and register_wh >= rule.modulus_wh)
        or not possible(
            wh=delta_wh,
            elapsed_us=elapsed_us,
            limit_w=rule.limit_w,
            resolution_wh=rule.resolution_wh,
            multiplier=rule.multiplier,
        )
    ):
        return None
    piece_wh, done_wh = list(state.piece_wh), 0
    for number, (_, end_us) in enumerate(state.slots.ends()):
        if end_us <= state.last_at_us:
            continue
        upto_us = min(end_us, at_us) - state.last_at_us
        upto_wh = delta_wh * rule.multiplier * upto_us // elapsed_us
        piece_wh[number] += upto_wh - done_wh
        done_wh = upto_wh
        if end_us >= at_us:
            break
    return OpenDay(
        slots=state.slots,
        piece_wh=tuple(piece_wh),
        since_us=state.since_us,
        last_at_us=at_us,
        last_wh=register_wh,
        quiet_from_us=state.quiet_from_us,
        until_us=state.until_us,
    )


def _last_unusual_us(findings: tuple[Finding, ...]) -> int | None:
    return max((each.end_us for each in findings if each.check in _OPEN), default=None)
