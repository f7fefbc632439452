"""What a segment is asked by, and who is in it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """All that is given must hold; none: it does not matter.

    Only accounts that have an agreement on ``as_of`` are in a segment. ``used_month``: the first
    day of the month in which the periods begin whose energy is looked at.
    """

    as_of: date
    tariff: str | None = None
    """The code of a tariff that the account is under on that day."""
    household: bool | None = None
    """Whether all meters that stand at the account are of a household."""
    used_month: date | None = None
    used_wh_min: int | None = None
    used_wh_max: int | None = None
    """What the ledger has charged of the month, from and to, both included, in Wh."""
    currency: str | None = None
    balance_below_micro: int | None = None
    """What the balance is under, in millionths of ``currency``."""
    top_up_days_min: int | None = None
    top_up_days_max: int | None = None
    """So many days before ``as_of``, from and to, both included, the last top-up up to then was
    credited: by the local days of the account's tariff. Who never topped up waits longer than any
    number of days."""
    supply_office: str | None = None
    station_area: str | None = None
    line: str | None = None
    """In which a meter is registered that stands at the account now."""

    @property
    def used_until(self) -> date | None:
        """The first day of the month after.

        >>> str(Segment(as_of=date(2026, 3, 1), used_month=date(2025, 12, 1)).used_until)
        '2026-01-01'
        """
        month = self.used_month
        return None if month is None else (month + timedelta(days=31)).replace(day=1)


def problems_of(segment: Segment) -> list[str]:
    """What keeps ``segment`` from being asked for.

    >>> problems_of(Segment(as_of=date(2026, 3, 1), used_wh_min=1))
    ['used_wh_min and used_wh_max are of used_month: give it']
    """
    problems: list[str] = []
    bounds = segment.used_wh_min, segment.used_wh_max
    if segment.used_month is None and bounds != (None, None):
        problems.append("used_wh_min and used_wh_max are of used_month: give it")
    if segment.used_month is not None and bounds == (None, None):
        problems.append("used_month needs used_wh_min or used_wh_max")
    least, most = bounds
    if least is not None and most is not None and least > most:
        problems.append("used_wh_min is over used_wh_max")
    least, most = segment.top_up_days_min, segment.top_up_days_max
    if least is not None and most is not None and least > most:
        problems.append("top_up_days_min is over top_up_days_max")
    if (segment.balance_below_micro is None) != (segment.currency is None):
        problems.append("balance_below_micro and currency belong together")
    return problems


class Member(NamedTuple):
    """An account of a segment, by the ledger's id and its number."""

    account_id: UUID
    number: str


class Found(NamedTuple):
    """Of some accounts, in order of their ids, those that fit. ``last``: the last that was looked
    at, where more may follow."""

    members: list[Member]
    last: UUID | None
