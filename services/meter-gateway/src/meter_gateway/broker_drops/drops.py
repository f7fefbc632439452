"""What a broker's own figures tell of the messages that it dropped.

Mosquitto says its count when it changes and forgets that it said so after 60 s. Who comes later
finds the average of the last quarter of an hour only, which fades: from it a least number follows.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

EPISODE_GAP = timedelta(minutes=15)
"""Drops that are noticed within this of each other are told of as one number."""
AVERAGE_OVER = timedelta(minutes=15)
_DOUBT_SHARE, _DOUBT_MESSAGES = 0.2, 5
"""How far an average may be above what is known before it is news: it is computed in steps."""


@dataclass(frozen=True, slots=True)
class Drops:
    """``counted``: what the broker has counted since it started, as last seen (none: never said).
    ``messages`` were dropped in the last episode, noticed until ``at`` (none: never any);
    ``estimated`` of them by the average, and not seen in the count yet."""

    counted: int | None = None
    messages: int = 0
    at: datetime | None = None
    estimated: int = 0


def noticed(before: Drops, *, counted: int, now: datetime) -> Drops:
    """After the broker says ``counted``.

    The first count that we see is no news: the average tells whether any of it is recent. A lower
    count is a broker that was started again, and all of it is new; as much may be missed where it
    climbs past the old one before we look again.
    """
    if counted == before.counted:
        return before
    if before.counted is None:
        return replace(before, counted=counted, estimated=0)
    fresh = counted - before.counted if counted > before.counted else counted
    news = max(0, fresh - before.estimated)
    if news == 0:
        return replace(before, counted=counted, estimated=0)
    return Drops(counted, news + _in_episode(before, now), now)


def averaged(before: Drops, *, per_minute: float, now: datetime) -> Drops:
    """After the broker says how many it dropped a minute on average: more than are known were
    dropped while we were away, or are about to be counted."""
    recent = per_minute * (AVERAGE_OVER / timedelta(minutes=1))
    known = before.messages * _faded(now - before.at) if before.at is not None else 0.0
    if recent <= known * (1 + _DOUBT_SHARE) + _DOUBT_MESSAGES:
        return before
    news = round(recent - known)
    return Drops(before.counted, news + _in_episode(before, now), now, before.estimated + news)


def _in_episode(before: Drops, now: datetime) -> int:
    goes_on = before.at is not None and now - before.at <= EPISODE_GAP
    return before.messages if goes_on else 0


def _faded(after: timedelta) -> float:
    """What is left of a drop in the average, as a share."""
    return math.exp(-(after / AVERAGE_OVER))
