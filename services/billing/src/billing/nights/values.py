"""A night, and what it has come to so far."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from billing.archive.layout import PARTITIONS

SCATTERED = PARTITIONS
"""In place of a partition: the agreement's meters are in several of them, or it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What came of some agreements. ``differences``: periods that do not agree, and are not on
    their way to; ``odd_meters``: that SQL could not count; ``left``: agreements that moved
    meanwhile, and are left to the comparison of what moves; ``worked_s``: without rests."""

    agreements: int = 0
    periods: int = 0
    differences: int = 0
    odd_meters: int = 0
    left: int = 0
    readings: int = 0
    worked_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A run over all agreements. It may take longer than a night, and then there is none the day
    after."""

    day: date
    """The UTC date on which it was to begin."""
    began_at: datetime
    finished_at: datetime | None
    tally: Tally


class Planned(NamedTuple):
    """An agreement that is to be looked at: in which partition its meters are, or `SCATTERED`; the
    first of them, and how many."""

    agreement_id: UUID
    partition: int
    first_meter: str
    meters: int


def day_due(now: datetime, *, hour: int) -> date:
    """The date of the last night that should have begun: at that hour, UTC.

    >>> day_due(datetime(2026, 11, 28, 1, 59, tzinfo=UTC), hour=2)
    datetime.date(2026, 11, 27)
    """
    today = now.astimezone(UTC)
    begins = datetime.combine(today.date(), time(hour), UTC)
    return today.date() if today >= begins else today.date() - timedelta(days=1)


def planned(agreement_id: UUID, meters: dict[str, int]) -> Planned:
    """``meters``: of its account, each with its partition."""
    partitions = set(meters.values())
    return Planned(
        agreement_id=agreement_id,
        partition=partitions.pop() if len(partitions) == 1 else SCATTERED,
        first_meter=min(meters, default=""),
        meters=len(meters),
    )
