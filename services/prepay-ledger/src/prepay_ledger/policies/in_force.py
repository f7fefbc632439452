"""What a policy says to a class, and when it holds a cut: pure.

``holds`` and ``next_hold_begins`` are asked for each account of a mass event. Where there is
neither calendar nor protected period they cost nothing worth speaking of.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from prepay_ledger.policies.day_holds import DayHolds
from prepay_ledger.policies.values import Area, CalendarHold, HoldReason, ProtectedPeriod
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import Calendar
from prewatt_common.contracts.supply_policy_v1 import ClassPolicy
from prewatt_metering.calendar.local import LocalCalendar

NEXT_HOLD_DAYS = 31
"""So far ahead a hold is looked for: as long as a command can live."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyInForce:
    """A class's part of a policy version. ``number``: of the version."""

    number: int
    customer_class: str
    terms: ClassPolicy
    calendar: Calendar | None
    _day_holds: dict[str, DayHolds] = field(default_factory=dict[str, DayHolds], repr=False)

    def day_holds(self, zone: ZoneInfo) -> DayHolds | None:
        """Its calendar in a zone of the IANA database; none where it has none."""
        if self.calendar is None:
            return None
        known = self._day_holds.get(zone.key)
        if known is None:
            known = self._day_holds[zone.key] = DayHolds(self.calendar, LocalCalendar(zone))
        return known


def holds(
    policy: PolicyInForce,
    *,
    at: datetime,
    zone: ZoneInfo,
    declared: Sequence[ProtectedPeriod] = (),
) -> tuple[CalendarHold, ...]:
    """Why no cut may be made at ``at`` (aware), by the calendar; empty: one may.

    ``declared``: protected periods that concern the account (`concerning`).
    """
    days = policy.day_holds(zone)
    found = () if days is None else days.at(at)
    return found + tuple(
        CalendarHold(HoldReason.PROTECTED_PERIOD, each.ends_at, each.name)
        for each in declared
        if each.begins_at <= at < each.ends_at
    )


def next_hold_begins(
    policy: PolicyInForce,
    *,
    at: datetime,
    zone: ZoneInfo,
    declared: Sequence[ProtectedPeriod] = (),
) -> datetime | None:
    """From when on a cut that is made at ``at`` may not be carried out any more: the first instant
    from ``at`` on at which something holds; ``at`` itself where something does then.

    None where nothing does in the next `NEXT_HOLD_DAYS` local days, that of ``at`` the first, and
    no declared period is to come.
    """
    days = policy.day_holds(zone)
    begin = None if days is None else days.next_begin(at, days=NEXT_HOLD_DAYS)
    begins = [] if begin is None else [begin]
    begins += [max(at, each.begins_at) for each in declared if each.ends_at > at]
    return min(begins, default=None)


def areas_of(
    *, supply_office: str | None, station_area: str | None, line: str | None
) -> frozenset[Area]:
    """Where a meter hangs, as far as that is known of it."""
    levels = {
        AreaLevel.SUPPLY_OFFICE: supply_office,
        AreaLevel.STATION_AREA: station_area,
        AreaLevel.LINE: line,
    }
    return frozenset(Area(level, name) for level, name in levels.items() if name is not None)


def concerning(
    declared: Iterable[ProtectedPeriod], areas: Collection[Area]
) -> tuple[ProtectedPeriod, ...]:
    """Those of everybody, and those of an area that a meter of the account hangs in."""
    return tuple(each for each in declared if each.area is None or each.area in areas)
