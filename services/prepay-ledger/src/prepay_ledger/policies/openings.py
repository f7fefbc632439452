"""By when money must be there so that nobody is cut: the calendar's openings around an instant.

Pure. An opening is a stretch in which nothing of the calendar holds cuts: as a rule offices are
staffed then, and people buy.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from prepay_ledger.policies.in_force import PolicyInForce, holds, next_hold_begins
from prepay_ledger.policies.values import HoldReason, ProtectedPeriod

_STRETCHES_MAX = 400
"""More than there are openings in three months of two a day."""


class Openings(NamedTuple):
    """``cut_from``: from then on a cut for money that ends at that instant may come, as far as the
    calendar goes; ``held_by``: what holds it until then. ``buy_by``: by then money had better be
    there: the end of the last opening before money ends, or ``cut_from`` where no such opening is
    left."""

    cut_from: datetime
    held_by: tuple[HoldReason, ...]
    buy_by: datetime


def openings(
    policy: PolicyInForce,
    *,
    ends_at: datetime,
    now: datetime,
    zone: ZoneInfo,
    declared: Sequence[ProtectedPeriod] = (),
) -> Openings | None:
    """Around ``ends_at``, when money ends; none where holds follow each other without an end."""
    of_end = holds(policy, at=ends_at, zone=zone, declared=declared)
    cut_from = _opens(policy, ends_at, zone, declared)
    if cut_from is None:
        return None
    if not of_end:
        return Openings(cut_from=ends_at, held_by=(), buy_by=ends_at)
    last: datetime | None = None
    at = _opens(policy, now, zone, declared)
    for _ in range(_STRETCHES_MAX):
        if at is None or at >= ends_at:
            break
        closes = next_hold_begins(policy, at=at, zone=zone, declared=declared)
        if closes is None or closes > ends_at:
            break
        last = closes
        at = _opens(policy, closes, zone, declared)
    reasons = tuple(dict.fromkeys(each.reason for each in of_end))
    return Openings(cut_from=cut_from, held_by=reasons, buy_by=last or cut_from)


def _opens(
    policy: PolicyInForce, at: datetime, zone: ZoneInfo, declared: Sequence[ProtectedPeriod]
) -> datetime | None:
    """The first instant from ``at`` on at which nothing holds."""
    for _ in range(_STRETCHES_MAX):
        found = holds(policy, at=at, zone=zone, declared=declared)
        if not found:
            return at
        at = max(each.until for each in found)
    return None
