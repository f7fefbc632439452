"""Friendly hours: daily local times in which nobody is cut. Pure."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

import msgspec


class FriendlyHours(msgspec.Struct, frozen=True):
    """Local times, half-open; may pass midnight."""

    start: time
    end: time


def hold_ends_at(hours: Iterable[FriendlyHours], local_now: datetime) -> datetime | None:
    """When the hours that hold a cut at ``local_now`` (aware, in the utility's zone) are over; none
    where none do. The longest where several do."""
    now = _clock(local_now)
    ends = [_next(local_now, each.end) for each in hours if _within(now, each)]
    return max(ends, key=datetime.timestamp, default=None)


def next_hold_at(hours: Iterable[FriendlyHours], local_now: datetime) -> datetime | None:
    """When hours that hold a cut begin next after ``local_now``; none where there are none."""
    return min(
        (_next(local_now, each.start) for each in hours), key=datetime.timestamp, default=None
    )


def _within(now: time, hours: FriendlyHours) -> bool:
    start, end = hours.start, hours.end
    return start <= now < end if start <= end else now >= start or now < end


def _next(local_now: datetime, at: time) -> datetime:
    """The next instant after ``local_now`` whose wall clock reads ``at``."""
    day = local_now.date() if _clock(local_now) < at else local_now.date() + timedelta(days=1)
    return datetime.combine(day, at, tzinfo=local_now.tzinfo)


def _clock(instant: datetime) -> time:
    return instant.time().replace(tzinfo=None)
