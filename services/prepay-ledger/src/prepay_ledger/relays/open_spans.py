"""When a meter's relay was open or limited, by its commands: pure."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from prewatt_common.contracts.base import RelayAction
from prewatt_metering.registers.spans import Limited, Span


class RelayStep(NamedTuple):
    """A command to a relay: when it was issued, and when it was read back open, or limited (none:
    it was not)."""

    action: RelayAction
    issued_us: int
    opened_us: int | None
    limited_us: int | None = None
    limit_w: int | None = None


def open_spans(steps: Iterable[RelayStep], *, changed_us: Iterable[int] = ()) -> tuple[Span, ...]:
    """When the relay was open for certain. ``steps``: all of one meter, in the order of their
    sequence. ``changed_us``: where its installations begin and end.

    From a cut that was read back until the next reconnection or limit is issued: from then on the
    relay may be closed, whatever is heard of it. A cut whose answer comes later than that opens
    nothing. A cut speaks of the installation in which it was issued alone: whoever comes next may
    have another device, or a relay that was closed as it changed hands.
    """
    changes = sorted(changed_us)
    spans: list[Span] = []
    for action, issued_us, opened_us, *_ in steps:
        last = spans[-1] if spans else None
        if action in (RelayAction.RECONNECT, RelayAction.LIMIT):
            if last is not None and _lasts_until(last, issued_us):
                spans[-1] = Span(last.begin_us, issued_us)
        elif opened_us is not None and not (last is not None and _lasts_until(last, opened_us)):
            next_change = bisect_right(changes, issued_us)
            end_us = changes[next_change] if next_change < len(changes) else None
            spans.append(Span(opened_us, end_us))
    return tuple(each for each in spans if each.end_us is None or each.begin_us < each.end_us)


def limited_spans(
    steps: Iterable[RelayStep], *, changed_us: Iterable[int] = ()
) -> tuple[Limited, ...]:
    """When the load was limited for certain, and to what: from a limit that was read back until the
    next command is issued, whatever becomes of that, or the installation changes."""
    known = list(steps)
    ends = sorted([*changed_us, *(each.issued_us for each in known)])
    spans: list[Limited] = []
    for each in known:
        if each.limited_us is not None and each.limit_w is not None:
            after = bisect_right(ends, each.issued_us)
            end_us = ends[after] if after < len(ends) else None
            if end_us is None or each.limited_us < end_us:
                spans.append(Limited(Span(each.limited_us, end_us), each.limit_w))
    return tuple(spans)


def _lasts_until(span: Span, at_us: int) -> bool:
    return span.end_us is None or at_us < span.end_us
