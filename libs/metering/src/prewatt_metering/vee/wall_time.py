"""Local times without an offset, as some meters send them, to instants and findings."""

from collections.abc import Iterable
from datetime import datetime

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.calendar.wall import instants_of_wall
from prewatt_metering.vee.checks.vee16_wall_gap import wall_gap
from prewatt_metering.vee.checks.vee17_wall_fold import wall_fold
from prewatt_metering.vee.findings import Finding


def wall_instants(
    *, meter: str, calendar: LocalCalendar, walls: Iterable[datetime]
) -> tuple[list[int], list[Finding]]:
    """The instants of ``walls``, which are in the order in which the meter took them.

    A time that comes twice is the earlier one that lies after the reading before (of a first
    reading: the earlier); one that does not exist is taken by the offset before the leap. Both are
    findings.
    """
    instants, findings = list[int](), list[Finding]()
    before_us: int | None = None
    for wall in walls:
        missing = wall_gap(meter=meter, calendar=calendar, wall=wall)
        twice = wall_fold(meter=meter, calendar=calendar, wall=wall, after_us=before_us)
        noticed = missing + twice
        before_us = noticed[0].begin_us if noticed else instants_of_wall(calendar, wall)[0]
        instants.append(before_us)
        findings += noticed
    return instants, findings
