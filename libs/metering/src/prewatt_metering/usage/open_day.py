"""The fast path: the next reading, added to what is known of the open day.

Only for a reading that is the next in order, ordinary, measured, and with nothing unusual in the
seven days before. Everything else takes the slow path, from the set; a property test holds both
equal.
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

SERVED_FOR_EVER_US = 2**62
"""No end is known."""
# A later reading may still change what was made of these. A rollover, a conflict, a duplicate and a
# value out of range are settled at once.
_OPEN = {each.CHECK.check_id for each in (vee05_glitch, vee06_reset, vee07_implausible)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDay:
    """What the fast path needs of a meter: the day that its next interval begins in.

    ``piece_wh``: Wh at the point of supply by piece of ``slots``, from ``since_us`` (the day's
    beginning, or where readings, installation or account began) to ``last_at_us``. The next reading
    may be dated after ``last_at_us`` and ``quiet_from_us``, and not after ``served_until_us``, the
    end of the installation and of the account.
    """

    slots: DaySlots
    piece_wh: tuple[int, ...]
    since_us: int
    last_at_us: int
    last_wh: int
    quiet_from_us: int
    served_until_us: int

    @property
    def until_us(self) -> int:
        """The last instant that a reading of this day may have."""
        return min(self.slots.end_us, self.served_until_us)

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
    served_until_us = SERVED_FOR_EVER_US
    if last is None or not intervals.wh:
        return None
    unusual_us = _last_unusual_us(trust.findings)
    if unusual_us is not None and intervals.at_us[-2] <= unusual_us:
        return None
    slots = slots_of(calendar.day_of(last.at_us))
    begin_us = intervals.at_us[0]
    if installation.from_us is not None:
        begin_us = max(begin_us, installation.from_us)
    if opened is not None:
        begin_us = max(begin_us, calendar.first_instant_us(opened))
    if installation.to_us is not None:
        served_until_us = installation.to_us - 1  # what is read at its end has a say there
    if closed is not None:
        served_until_us = min(served_until_us, calendar.end_us(closed))
    if last.at_us < begin_us or served_until_us <= last.at_us:
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
        served_until_us=served_until_us,
    )


def append(*, state: OpenDay, reading: Reading, rule: StepRule) -> OpenDay | None:
    """The day with ``reading`` added; none where it is of a later day (see `turn`) or the slow path
    has to look.

    ``rule`` is `step_rule` of the meter and its installation.
    """
    if reading.at_us > state.slots.end_us or not _is_ordinary(state, reading, rule):
        return None
    step_wh = (reading.register_wh - state.last_wh) * rule.multiplier
    step = (step_wh, state.last_at_us, reading.at_us)
    piece_wh, _ = _spread(state.piece_wh, state.slots, step, 0)
    return _reached(state, reading, state.slots, piece_wh)


@dataclass(frozen=True, slots=True)
class Turned:
    """``closed``: the use of the day that was open and of those up to the one that is open now."""

    closed: DayUsage
    state: OpenDay


def turn(
    *,
    state: OpenDay,
    reading: Reading,
    rule: StepRule,
    slots_of: Callable[[date], DaySlots],
) -> Turned | None:
    """A reading after the end of the open day: its energy goes to the days that it crosses.

    None where it is of the open day (see `append`) or the slow path has to look.
    """
    if reading.at_us <= state.slots.end_us or not _is_ordinary(state, reading, rule):
        return None
    step_wh = (reading.register_wh - state.last_wh) * rule.multiplier
    step = (step_wh, state.last_at_us, reading.at_us)
    slots = state.slots
    piece_wh, done_wh = _spread(state.piece_wh, slots, step, 0)
    closed: DayUsage = {}
    while slots.end_us < reading.at_us:
        if slots.pieces:  # of a skipped day there are none
            ended = _reached(state, Reading(slots.end_us, reading.register_wh), slots, piece_wh)
            closed.update(ended.usage())
        slots = slots_of(date.fromordinal(slots.day.toordinal() + 1))
        piece_wh, done_wh = _spread((0,) * len(slots.pieces), slots, step, done_wh)
    return Turned(closed, _reached(state, reading, slots, piece_wh))


def _is_ordinary(state: OpenDay, reading: Reading, rule: StepRule) -> bool:
    at_us, register_wh, quality = reading
    elapsed_us = at_us - state.last_at_us
    delta_wh = register_wh - state.last_wh
    return (
        elapsed_us > 0
        and at_us > state.quiet_from_us
        and at_us <= state.served_until_us
        and delta_wh >= 0
        and quality is Quality.MEASURED
        and (rule.modulus_wh is None or register_wh < rule.modulus_wh)
        and possible(
            wh=delta_wh,
            elapsed_us=elapsed_us,
            limit_w=rule.limit_w,
            resolution_wh=rule.resolution_wh,
            multiplier=rule.multiplier,
        )
    )


def _spread(
    piece_wh: tuple[int, ...], slots: DaySlots, step: tuple[int, int, int], done_wh: int
) -> tuple[tuple[int, ...], int]:
    """The pieces of a day with the part of a step that falls on each, and how much of the step is
    done by the day's end. ``step``: Wh at the point of supply, over (begin_us, end_us];
    ``done_wh`` of it is in the days before."""
    step_wh, begin_us, end_us = step
    pieces = list(piece_wh)
    for number, (_, piece_end_us) in enumerate(slots.ends()):
        if piece_end_us <= begin_us:
            continue
        elapsed_us = min(piece_end_us, end_us) - begin_us
        upto_wh = step_wh * elapsed_us // (end_us - begin_us)
        pieces[number] += upto_wh - done_wh
        done_wh = upto_wh
        if piece_end_us >= end_us:
            break
    return tuple(pieces), done_wh


def _reached(
    state: OpenDay, reading: Reading, slots: DaySlots, piece_wh: tuple[int, ...]
) -> OpenDay:
    return OpenDay(
        slots=slots,
        piece_wh=piece_wh,
        since_us=state.since_us if slots is state.slots else slots.pieces[0][0],
        last_at_us=reading.at_us,
        last_wh=reading.register_wh,
        quiet_from_us=state.quiet_from_us,
        served_until_us=state.served_until_us,
    )


def _last_unusual_us(findings: tuple[Finding, ...]) -> int | None:
    return max((each.end_us for each in findings if each.check in _OPEN), default=None)
