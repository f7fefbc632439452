"""How a campaign goes on, who is left out, how fast and when: pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from notifier.campaigns.values import CampaignState, NewMember, Terms, What, Window
from notifier.contacts.values import Channel, Language

_S = CampaignState
_ENDS: Mapping[CampaignState, CampaignState] = {
    state: _S.CANCELLED for state in _S if state not in (_S.ENDED, _S.CANCELLED)
}
_NEXT: Mapping[What, Mapping[CampaignState, CampaignState]] = {
    What.UPLOADED: {_S.DRAFT: _S.DRAFT},
    What.APPROVED: {_S.DRAFT: _S.APPROVED},
    What.FROZEN: {_S.APPROVED: _S.FROZEN},
    What.STARTED: {_S.FROZEN: _S.RUNNING},
    What.PAUSED: {_S.RUNNING: _S.PAUSED},
    What.RESUMED: {_S.PAUSED: _S.RUNNING},
    What.ENDED: {_S.RUNNING: _S.ENDED, _S.PAUSED: _S.ENDED},
    What.CANCELLED: _ENDS,
}
_PPM = 1_000_000
_MINUTE = timedelta(minutes=1)
_BURST = timedelta(seconds=5)
"""After a pause of ours nobody is told faster, to make up for it, than so much of the pace."""


def next_state(state: CampaignState, what: What) -> CampaignState | None:
    """None where this cannot happen to a campaign that stands so.

    >>> next_state(CampaignState.FROZEN, What.STARTED)
    <CampaignState.RUNNING: 'running'>
    """
    return _NEXT.get(what, {}).get(state)


def new_member(campaign_id: UUID, terms: Terms, number: str) -> NewMember:
    """By campaign, seed and number alone, so that it is the same whenever it is asked; the order
    and the lot are independent of each other."""
    digest = sha256(f"{campaign_id}/{terms.seed}/{number}".encode()).digest()
    lot = int.from_bytes(digest[:8]) % _PPM
    place = int.from_bytes(digest[8:15])
    return NewMember(number, place, lot < terms.holdout_ppm)


class Due(NamedTuple):
    """So many may be told, and then when the next may be."""

    most: int
    next_at: datetime


def due(*, per_minute: int, next_at: datetime | None, now: datetime, most: int) -> Due:
    """At a pace of ``per_minute``, at most ``most`` at a time.

    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> due(per_minute=60, next_at=at, now=at, most=9).most
    1
    """
    begin = max(next_at or now, now - _BURST)
    if begin > now:
        return Due(0, begin)
    count = min((now - begin) * per_minute // _MINUTE + 1, most)
    return Due(count, begin + _MINUTE * count / per_minute)


def after(begun: Due, told: int, *, per_minute: int) -> datetime:
    """When the next may be told, where ``told`` were of those that might have been."""
    return begun.next_at - _MINUTE * (begun.most - told) / per_minute


class Hours(NamedTuple):
    """How a window stands at an instant: open until ``closes_at``, or over for good, or neither."""

    closes_at: datetime | None
    is_over: bool


def hours(window: Window, zone: ZoneInfo, now: datetime) -> Hours:
    """Of ``window`` for a customer in ``zone``.

    >>> from datetime import date, time
    >>> day = Window(date(2026, 3, 1), date(2026, 3, 1), time(9), time(20))
    >>> noon = datetime(2026, 3, 1, 4, tzinfo=UTC)
    >>> str(hours(day, ZoneInfo("Asia/Shanghai"), noon).closes_at)
    '2026-03-01 12:00:00+00:00'
    """
    day = now.astimezone(zone).date()
    last = datetime.combine(window.last_day, window.end, zone).astimezone(UTC)
    opens_at = datetime.combine(day, window.begin, zone).astimezone(UTC)
    closes_at = datetime.combine(day, window.end, zone).astimezone(UTC)
    is_open = window.first_day <= day <= window.last_day and opens_at <= now < closes_at
    return Hours(closes_at if is_open else None, now >= last)


class Zones(NamedTuple):
    """The zones of an audience at an instant."""

    open_until: Mapping[str, datetime]
    over: Sequence[str]


def zones_at(window: Window, zones: Sequence[str], now: datetime) -> Zones:
    """Which may be told, and until when; and which never again."""
    found = {zone: hours(window, ZoneInfo(zone), now) for zone in zones}
    return Zones(
        {zone: each.closes_at for zone, each in found.items() if each.closes_at is not None},
        [zone for zone, each in found.items() if each.is_over],
    )


def said_over(
    channels: Sequence[Channel], texts: Collection[tuple[Language, Channel]], fallback: Language
) -> Sequence[Channel]:
    """The channels that every customer can be told over, whatever their language."""
    return [each for each in channels if (fallback, each) in texts]
