"""How much of a meter's history decides what it used in a range.

Whether a reading is trusted hangs on those of a week on either side, as a rule, but one that a
fault came with may hang on older ones. So some days are read, and more where that leaves it open:
what is told in the end is what all readings of the meter would tell.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.readings.values import Reading
from billing.rerating.register import MeterTerms, counted, edited, shown
from billing.rerating.settled import is_of_another, is_settled_after, is_settled_before
from billing.terms.values import Installation
from billing.usage.slices import Span, span_of
from prewatt_metering.calendar.instants import DAY_US, instant_of, utc_day_us

_BEFORE = timedelta(days=9)
"""An excursion's seven, one for the reading before, and one for a meter that reads once a day."""
_AFTER = timedelta(days=8)
_MORE_DAYS_MIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Of ``history``, the UTC days of which there are readings, those that are in hand: from place
    ``begin`` up to, without, ``end``."""

    history: Sequence[date]
    begin: int
    end: int

    @property
    def days(self) -> Sequence[date]:
        """Those in hand."""
        return self.history[self.begin : self.end]

    def widened(self, *, earlier: bool, later: bool) -> tuple["Part", Sequence[date]]:
        """As many days more where told so, and which: a meter that was silent for years costs few
        turns."""
        more = max(self.end - self.begin, _MORE_DAYS_MIN)
        wider = replace(
            self,
            begin=max(0, self.begin - more) if earlier else self.begin,
            end=min(len(self.history), self.end + more) if later else self.end,
        )
        return wider, [
            *self.history[wider.begin : self.begin],
            *self.history[self.end : wider.end],
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the registers tell of a range, and which further readings may tell otherwise."""

    spans: Sequence[Span]
    earlier_matter: bool
    later_matter: bool

    @property
    def is_certain(self) -> bool:
        """Whether no further reading would change it."""
        return not (self.earlier_matter or self.later_matter)


def first_part(meter: MeterTerms, history: Iterable[date], *, begin_us: int, end_us: int) -> Part:
    """What is enough for a meter in which nothing odd was found. ``history`` ascends; days that are
    of other devices than those of the range are left out of it."""
    inside = [each for each, _, _ in _inside(meter, begin_us, end_us)]
    history = [
        day
        for day in history
        if not all(
            is_of_another(each, meter, begin_us=utc_day_us(day), end_us=utc_day_us(day) + DAY_US)
            for each in inside
        )
    ]
    first, last = instant_of(begin_us).date() - _BEFORE, instant_of(end_us).date() + _AFTER
    return Part(
        history=history,
        begin=sum(each < first for each in history),
        end=sum(each <= last for each in history),
    )


def look(
    meter: MeterTerms, readings: Iterable[Reading], part: Part, *, begin_us: int, end_us: int
) -> Found:
    """What the installations of [``begin_us``, ``end_us``) have counted. ``readings`` are all of
    the days of ``part``, and may have some of others."""
    spans: list[Span] = []
    earlier = later = False
    heard = edited(readings, meter.edits)
    until_us = None if part.end == len(part.history) else utc_day_us(part.history[part.end]) - 1
    for each, from_us, to_us in _inside(meter, begin_us, end_us):
        register = counted(readings=heard, installation=each, meter=meter)
        if span := span_of(each, register):
            spans.append(span)
        earlier = earlier or _earlier_matter(meter, heard, each, part, at_us=from_us)
        if until_us is not None:
            later = later or not is_settled_after(register, until_us=until_us, at_us=to_us)
    return Found(spans=spans, earlier_matter=earlier, later_matter=later)


def _inside(
    meter: MeterTerms, begin_us: int, end_us: int
) -> Iterator[tuple[Installation, int, int]]:
    """Installations of the range, each with what it has of it."""
    for each in meter.installations:
        from_us = max(begin_us, each.from_us)
        to_us = end_us if each.to_us is None else min(end_us, each.to_us)
        if from_us < to_us:
            yield each, from_us, to_us


def _earlier_matter(
    meter: MeterTerms,
    heard: Sequence[Reading],
    installation: Installation,
    part: Part,
    *,
    at_us: int,
) -> bool:
    """Whether readings of the installation's device are not in hand and may change what is trusted
    at ``at_us``."""
    for day in reversed(part.history[: part.begin]):
        day_us = utc_day_us(day)
        end_us = day_us + DAY_US
        if not is_of_another(installation, meter, begin_us=day_us, end_us=end_us):
            known, run_ends = shown(readings=heard, installation=installation, meter=meter)
            return not is_settled_before(known, run_ends, since_us=end_us, at_us=at_us)
    return False
