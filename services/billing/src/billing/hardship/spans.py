"""From single events, in any order and repeated, to when something began and ended."""

from collections.abc import Iterable, Sequence

from billing.hardship.values import AccountEvent, EventKind, Span, TopUp
from prewatt_metering.calendar.local import LocalCalendar, local_minute

_HOUR_MIN = 60


def spans_of(events: Iterable[AccountEvent], *, begin: EventKind, end: EventKind) -> Sequence[Span]:
    """In order of time. Two beginnings in a row are one span; an end without a beginning is none.
    Of an end and a beginning at one instant the end comes first."""
    found: list[Span] = []
    since_us: int | None = None
    some = [each for each in events if each.kind in (begin, end)]
    for each in sorted(some, key=lambda one: (one.at_us, one.kind is begin)):
        if each.kind is begin:
            since_us = each.at_us if since_us is None else since_us
        elif since_us is not None:
            found.append(Span(since_us, each.at_us))
            since_us = None
    if since_us is not None:
        found.append(Span(since_us, None))
    return found


def top_ups_of(events: Iterable[AccountEvent]) -> Sequence[TopUp]:
    """In order of time."""
    return sorted(
        TopUp(each.at_us, each.amount_micro)
        for each in events
        if each.kind is EventKind.TOP_UP and each.amount_micro is not None
    )


def within_us(span: Span, begin_us: int, end_us: int) -> int:
    """How much of ``span`` lies in [``begin_us``, ``end_us``)."""
    until_us = end_us if span.end_us is None else min(span.end_us, end_us)
    return max(0, until_us - max(span.begin_us, begin_us))


def is_night(calendar: LocalCalendar, at_us: int, *, from_hour: int, until_hour: int) -> bool:
    """Whether the wall clock shows an hour of [``from_hour``, ``until_hour``), over midnight."""
    hour = local_hour(calendar, at_us)
    if from_hour <= until_hour:
        return from_hour <= hour < until_hour
    return hour >= from_hour or hour < until_hour


def local_hour(calendar: LocalCalendar, at_us: int) -> int:
    """0 to 23."""
    return local_minute(calendar, at_us) // _HOUR_MIN
