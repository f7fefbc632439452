"""VEE-13: energy flowed while the relay was open."""

from collections.abc import Iterable

from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Intervals
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.spans import Span, overlap_us
from prewatt_metering.vee.checks.vee07_implausible import possible
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-13",
    name="use_while_disconnected",
    severity=Severity.FAIL,
    says="More was used than can have flowed while the relay was closed: a relay that does not "
    "open, or a way around it.",
    values="what can have flowed at most, what was used",
)


def use_while_disconnected(
    *,
    intervals: Intervals,
    facts: MeterFacts,
    installation: Installation,
    relay_open: Iterable[Span],
) -> list[Finding]:
    """One finding for each interval with more energy than its time of closed relay can carry."""
    spans, found = list(relay_open), list[Finding]()
    for each in intervals:
        open_us = overlap_us(each.begin_us, each.end_us, spans)
        if not open_us:
            continue
        closed_us = each.end_us - each.begin_us - open_us
        if not possible(
            wh=each.wh,
            elapsed_us=closed_us,
            limit_w=facts.limit_w,
            resolution_wh=facts.resolution_wh,
            multiplier=installation.multiplier,
        ):
            carried_wh = facts.limit_w * closed_us // (HOUR_US * installation.multiplier)
            found.append(
                CHECK.finding(
                    meter=facts.meter,
                    begin_us=each.begin_us,
                    end_us=each.end_us,
                    before=carried_wh + facts.resolution_wh,
                    after=each.wh,
                )
            )
    return found
