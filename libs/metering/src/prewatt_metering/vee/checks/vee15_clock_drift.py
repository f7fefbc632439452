"""VEE-15: the meter's clock is ahead or behind."""

from collections.abc import Sequence

from prewatt_metering.calendar.instants import MINUTE_US, SECOND_US
from prewatt_metering.registers.arrivals import Arrival
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-15",
    name="clock_drift",
    severity=Severity.WARN,
    says="The meter's clock is ahead (above 0) or behind (below 0): its energy falls into wrong "
    "slots, and its own timers are wrong.",
    values="drift that is borne, drift",
    unit="s",
)
ARRIVALS_MIN = 4


def clock_drift(
    *, meter: str, arrivals: Sequence[Arrival], borne_us: int = 5 * MINUTE_US
) -> list[Finding]:
    """At most one finding, of readings as they were sent live, not of a backlog.

    No reading can come before it was taken, so the least delay of several bounds the clock: below
    0 it is ahead; well above 0 in each of four or more it is behind, as no network is late each
    time.
    """
    if not arrivals:
        return []
    least_us = min(each.delay_us for each in arrivals)
    is_ahead = least_us < -borne_us
    is_behind = least_us > borne_us and len(arrivals) >= ARRIVALS_MIN
    if not (is_ahead or is_behind):
        return []
    instants = [each.reading.at_us for each in arrivals]
    return [
        CHECK.finding(
            meter=meter,
            begin_us=min(instants),
            end_us=max(instants),
            before=borne_us // SECOND_US,
            # Whole seconds towards 0, as a drift is told.
            after=-least_us // SECOND_US if is_ahead else -(least_us // SECOND_US),
            count=len(arrivals),
        )
    ]
