"""From counted registers to slices of local time. The energy of slices that meet adds up to what
the registers rose by, whatever the resolution: each boundary is read once, rounded down."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from billing.rerating.register import Counted
from billing.terms.values import Installation
from billing.usage.values import Quality, Resolution, Slice
from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.calendar.local import LocalCalendar

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time of an installation of which ``register`` tells: from ``begin_us`` to ``end_us``."""

    begin_us: int
    end_us: int
    register: Counted

    def read_at(self, at_us: int) -> bool:
        """Whether a trusted reading stands there."""
        place = bisect_left(self.register.at_us, at_us)
        return place < len(self.register.at_us) and self.register.at_us[place] == at_us


def span_of(installation: Installation, register: Counted) -> Span | None:
    """None where no two readings tell of it."""
    if not register.at_us:
        return None
    begin_us = max(installation.from_us, register.at_us[0])
    end_us = register.at_us[-1]
    if installation.to_us is not None:
        end_us = min(end_us, installation.to_us)
    if begin_us >= end_us:
        return None
    return Span(begin_us=begin_us, end_us=end_us, register=register)


def slices_of(
    *,
    spans: Sequence[Span],
    calendar: LocalCalendar,
    first: date,
    end: date,
    resolution: Resolution,
) -> list[Slice]:
    """All of [``first``, ``end``), local days, without a gap."""
    begin_us, end_us = calendar.first_instant_us(first), calendar.first_instant_us(end)
    match resolution:
        case Resolution.INTERVAL:
            inner = _reads(spans)
        case Resolution.HOUR:
            inner = _hours(calendar, begin_us, end_us)
        case Resolution.DAY | Resolution.MONTH:
            inner = _firsts(calendar, first, end, monthly=resolution is Resolution.MONTH)
    cuts = sorted({begin_us, end_us, *(each for each in inner if begin_us < each < end_us)})
    return [_slice(spans, *each) for each in pairwise(cuts)]


def _reads(spans: Iterable[Span]) -> Iterator[int]:
    for span in spans:
        yield from (span.begin_us, span.end_us)
        yield from (each for each in span.register.at_us if span.begin_us < each < span.end_us)


def _hours(calendar: LocalCalendar, begin_us: int, end_us: int) -> Iterator[int]:
    """Where the wall clock's hour begins, and where the clock is changed: an hour that comes twice
    is two slices, and one that half an hour is taken from lasts half an hour."""
    at_us, day = begin_us, calendar.day_of(begin_us)
    changes = calendar.clock_changes(day)
    while at_us < end_us:
        yield at_us
        if at_us >= calendar.end_us(day):
            day = calendar.day_of(at_us)
            changes = calendar.clock_changes(day)
        next_us = at_us + HOUR_US - (at_us + calendar.offset_us(at_us)) % HOUR_US
        at_us = min([next_us, *(each for each in changes if at_us < each)])


def _firsts(calendar: LocalCalendar, first: date, end: date, *, monthly: bool) -> Iterator[int]:
    day = first
    while day < end:
        if day.day == 1 or not monthly:
            yield calendar.first_instant_us(day)
        day += _DAY


def _slice(spans: Sequence[Span], begin_us: int, end_us: int) -> Slice:
    wh, known_us, at_readings = 0, 0, True
    for span in spans:
        from_us, to_us = max(begin_us, span.begin_us), min(end_us, span.end_us)
        if from_us < to_us:
            known_us += to_us - from_us
            wh += span.register.wh_at(to_us) - span.register.wh_at(from_us)
            at_readings = at_readings and span.read_at(from_us) and span.read_at(to_us)
    if not known_us:
        return Slice(begin_us, end_us, None, Quality.MISSING)
    if known_us < end_us - begin_us:
        return Slice(begin_us, end_us, wh, Quality.PARTIAL)
    return Slice(begin_us, end_us, wh, Quality.MEASURED if at_readings else Quality.INTERPOLATED)
