"""How many cuts a minute are admitted, and when it is so many that all stop: pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.breakers.values import (
    ALL,
    Asked,
    Cause,
    Count,
    CutHold,
    Hold,
    Limits,
    Scope,
    Trip,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What became of a batch. ``waits_min``: in how many minutes, 1 or more, each of the others is
    to come again; none of them where something tripped. ``counts``: of every scope concerned, as
    they are now."""

    admitted: tuple[UUID, ...]
    waits_min: Mapping[UUID, int]
    tripped: tuple[Trip, ...]
    counts: Mapping[Scope, Count]


def admit(*, asked: Sequence[Asked], counts: Mapping[Scope, Count], limits: Limits) -> Admission:
    """Which accounts of ``asked`` may be cut within the minute of ``counts``.

    Of no scope are more admitted within a minute than its ``paced_per_min``. Who does not fit is
    told a minute by the number of those who wait already, so that they do not all come in the next
    one. Where more come anew than a scope's ``trip_per_min``, that scope trips and nobody of this
    batch is admitted: so many cuts at once are a mistake until a person has looked.
    """
    anew: Counter[Scope] = Counter()
    for each in asked:
        for scope in each.scopes:
            anew[scope] += 0 if each.wait else len(each.account_ids)
    now: dict[Scope, Count] = {}
    for scope, some in anew.items():
        count = counts.get(scope, Count())
        now[scope] = count._replace(wanted=count.wanted + some)
    tripped = tuple(
        Trip(scope=scope, wanted=count.wanted, trip_per_min=limits.of(scope.kind).trip_per_min)
        for scope, count in sorted(now.items())
        if anew[scope] and count.wanted > limits.of(scope.kind).trip_per_min
    )
    if tripped:
        return Admission(admitted=(), waits_min={}, tripped=tripped, counts=now)
    return _paced(asked, now, limits)


def _paced(asked: Sequence[Asked], counts: Mapping[Scope, Count], limits: Limits) -> Admission:
    """In the order of ``asked``, those that have waited first."""
    paced = {scope: limits.of(scope.kind).paced_per_min for scope in counts}
    room = {scope: max(0, paced[scope] - count.admitted) for scope, count in counts.items()}
    waiting = {scope: count.paced for scope, count in counts.items()}
    admitted: list[UUID] = []
    waits_min: dict[UUID, int] = {}
    for account_ids, scopes, _ in sorted(asked, key=lambda each: not each.wait):
        fits = min(len(account_ids), *(room[scope] for scope in scopes))
        admitted += account_ids[:fits]
        for scope in scopes:
            room[scope] -= fits
        full = [scope for scope in scopes if not room[scope]]
        for place, account_id in enumerate(account_ids[fits:]):
            waits_min[account_id] = 1 + max(
                (waiting[scope] + place) // paced[scope] for scope in full
            )
        for scope in full:
            waiting[scope] += len(account_ids) - fits
    return Admission(
        admitted=tuple(admitted),
        waits_min=waits_min,
        tripped=(),
        counts={
            scope: Count(
                count.wanted,
                count.admitted + max(0, paced[scope] - count.admitted) - room[scope],
                waiting[scope],
            )
            for scope, count in counts.items()
        },
    )


def minute_of(instant: datetime) -> datetime:
    """The first instant of its minute."""
    return instant.replace(second=0, microsecond=0)


def minute_after(instant: datetime, minutes: int) -> datetime:
    """The first instant of a later minute."""
    return minute_of(instant) + timedelta(minutes=minutes)


def holds_on(
    *, scopes: Iterable[Scope], is_kept_on: bool, holds: Sequence[CutHold], now: datetime
) -> tuple[Hold, ...]:
    """What of ``holds`` holds the cut of an account with these scopes at ``now``: of each cause
    one, until the last of them ends."""
    found: dict[Cause, datetime | None] = {Cause.KEPT_ON: None} if is_kept_on else {}
    own = {*scopes, ALL}
    for hold in holds:
        if hold.scope not in own or not hold.is_active(now):
            continue
        cause = Cause.OPERATORS if hold.trip is None else Cause.FLEET_BREAKER
        before = found.get(cause, hold.until)
        found[cause] = None if before is None or hold.until is None else max(before, hold.until)
    return tuple(Hold(cause, until) for cause, until in sorted(found.items()))
