"""VEE-14: a day's use far above what is usual there. It is charged; somebody should know."""

from collections.abc import Mapping
from datetime import date
from statistics import median_low

from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-14",
    name="spike",
    severity=Severity.WARN,
    says="A day's use is far above the days before it; it is charged.",
    values="what is borne: the usual day, times the factor; the day's use",
)
HISTORY_DAYS_MAX = 28
HISTORY_DAYS_MIN = 7


def spikes(
    *,
    meter: str,
    days: Mapping[date, int],
    calendar: LocalCalendar,
    factor: int = 5,
    least_wh: int = 5_000,
) -> list[Finding]:
    """One finding for each day above ``factor`` times the usual one and above ``least_wh``.

    ``days``: Wh by local day. The usual day is the median of the 28 known before it; with fewer
    than seven nothing is usual yet.
    """
    found: list[Finding] = []
    ordered = sorted(days.items())
    for number, (day, wh) in enumerate(ordered):
        history = [each for _, each in ordered[max(0, number - HISTORY_DAYS_MAX) : number]]
        if len(history) < HISTORY_DAYS_MIN or wh <= least_wh:
            continue
        borne_wh = factor * median_low(history)
        if wh > borne_wh:
            found.append(
                CHECK.finding(
                    meter=meter,
                    begin_us=calendar.first_instant_us(day),
                    end_us=calendar.end_us(day),
                    before=borne_wh,
                    after=wh,
                )
            )
    return found
