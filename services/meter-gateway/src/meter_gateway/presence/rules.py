"""Whether a meter is there: what is known, and what a message of it makes of that.

A last will tells of a connection, not of the meter: it may come long after the meter has come back
over another one. A message that the meter itself has sent shows that it is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from prewatt_common.contracts.base import Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a meter's presence."""

    presence: Presence | None = None
    """None where the meter has never told: one without last will never does."""
    at: datetime | None = None
    """When the message came that it rests on; none for a retained one, which may be of any age."""
    session: str | None = None
    """The meter's newest session, where it names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The meter's status, or its last will."""

    presence: Presence
    session: str | None
    at: datetime
    retained: bool
    """The broker kept it from earlier: it is no news, but for a meter that nothing is known of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOfLife:
    """Anything else that the meter sent."""

    at: datetime


News: TypeAlias = Status | SignOfLife


def after(known: Known, news: Iterable[News]) -> Known:
    """What is known after ``news``, told in the order in which they came."""
    for each in news:
        known = _after_status(known, each) if isinstance(each, Status) else _alive(known, each)
    return known


def _after_status(known: Known, status: Status) -> Known:
    if status.retained:
        if known.at is not None:
            return known
        return Known(presence=status.presence, session=status.session)
    if _is_old(known, status.at) or _is_of_another_session(known, status):
        return known
    return Known(presence=status.presence, at=status.at, session=status.session)


def _alive(known: Known, sign: SignOfLife) -> Known:
    if known.presence is not Presence.OFFLINE or _is_old(known, sign.at):
        return known
    return Known(presence=Presence.ONLINE, at=sign.at, session=known.session)


def _is_old(known: Known, at: datetime) -> bool:
    """Something younger was handled first: by another replica, or off another connection."""
    return known.at is not None and at < known.at


def _is_of_another_session(known: Known, status: Status) -> bool:
    return (
        status.presence is Presence.OFFLINE
        and None not in (status.session, known.session)
        and status.session != known.session
    )
