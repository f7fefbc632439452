"""VEE-10: no trusted reading for longer than the meter's interval allows."""

from prewatt_metering.calendar.instants import SECOND_US
from prewatt_metering.registers.intervals import Intervals
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-10",
    name="gap",
    severity=Severity.WARN,
    says="No trusted reading for longer than is borne; the energy of the gap is spread by time.",
    values="silence that is borne, silence",
    unit="s",
    goes_on=True,
)


def gaps(
    *, meter: str, intervals: Intervals, borne_us: int, now_us: int | None = None
) -> list[Finding]:
    """One finding for each interval longer than ``borne_us``.

    ``now_us``: the silence since the last reading counts as far as that (none: it does not).
    """
    spans = [(each.begin_us, each.end_us) for each in intervals]
    if now_us is not None and intervals.at_us:
        spans.append((intervals.at_us[-1], now_us))
    return [
        CHECK.finding(
            meter=meter,
            begin_us=begin_us,
            end_us=end_us,
            before=borne_us // SECOND_US,
            after=(end_us - begin_us) // SECOND_US,
        )
        for begin_us, end_us in spans
        if end_us - begin_us > borne_us
    ]
