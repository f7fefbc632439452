"""VEE-12: nothing is used for long where something was: empty, broken, or led past the meter."""

from itertools import groupby

from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.registers.intervals import Intervals
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-12",
    name="zero_use",
    severity=Severity.WARN,
    says="Nothing was used for long: the place may be empty, the meter broken or passed by.",
    values="what is usual in that time (none: not known), what was used",
    goes_on=True,
)


def zero_use(
    *,
    meter: str,
    intervals: Intervals,
    usual_wh_a_day: int | None = None,
    least_us: int = 30 * DAY_US,
) -> list[Finding]:
    """One finding for each stretch of intervals with 0 Wh that lasts ``least_us``.

    A place that usually uses nothing (``usual_wh_a_day`` 0) gives none.
    """
    if usual_wh_a_day == 0:
        return []
    found: list[Finding] = []
    for used, group in groupby(intervals, key=lambda each: each.wh > 0):
        stretch = list(group)
        begin_us, end_us = stretch[0].begin_us, stretch[-1].end_us
        if used or end_us - begin_us < least_us:
            continue
        usual = usual_wh_a_day
        found.append(
            CHECK.finding(
                meter=meter,
                begin_us=begin_us,
                end_us=end_us,
                before=None if usual is None else usual * (end_us - begin_us) // DAY_US,
                after=0,
            )
        )
    return found
