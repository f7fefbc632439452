"""VEE-13: energy flowed while the relay was open, or more than its limit let through."""

from collections.abc import Iterable

from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Interval, Intervals
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.spans import Limited, Span, overlap_us
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-13",
    name="use_while_disconnected",
    severity=Severity.FAIL,
    says="More was used than can have flowed while the relay was closed, or than its limit lets "
    "through: a relay that does not open, or a way around it.",
    values="what can have flowed at most, what was used",
    goes_on=True,
)


def use_while_disconnected(
    *,
    intervals: Intervals,
    facts: MeterFacts,
    installation: Installation,
    relay_open: Iterable[Span],
    relay_limited: Iterable[Limited] = (),
) -> list[Finding]:
    """One finding for each span of open or limited relay in which too much flowed: over the
    intervals with more energy than their time of closed relay, and the limit in the rest, can
    carry, from the first to the last, with their sums. ``count``: how many. What lies in two spans
    counts in the first.
    """
    let_through_w = dict(relay_limited)
    spans = sorted([*relay_open, *let_through_w], key=lambda each: each.begin_us)
    by_span: dict[Span, list[tuple[Interval, int]]] = {}
    for each in intervals:
        touched = [span for span in spans if overlap_us(each.begin_us, each.end_us, [span])]
        if not touched:
            continue
        closed_us = each.end_us - each.begin_us - overlap_us(each.begin_us, each.end_us, touched)
        most_w_us = facts.limit_w * closed_us + sum(
            let_through_w.get(span, 0) * overlap_us(each.begin_us, each.end_us, [span])
            for span in touched
        )
        # One resolution is forgiven, as in VEE-07.
        if (each.wh - facts.resolution_wh) * installation.multiplier * HOUR_US > most_w_us:
            carried_wh = most_w_us // (HOUR_US * installation.multiplier)
            by_span.setdefault(touched[0], []).append((each, carried_wh + facts.resolution_wh))
    return [
        CHECK.finding(
            meter=facts.meter,
            begin_us=flowed[0][0].begin_us,
            end_us=flowed[-1][0].end_us,
            before=sum(borne_wh for _, borne_wh in flowed),
            after=sum(each.wh for each, _ in flowed),
            count=len(flowed),
        )
        for flowed in by_span.values()
    ]
