"""When a meter's relay was open, by its commands: pure."""

from collections.abc import Iterable
from typing import NamedTuple

from prewatt_common.contracts.base import RelayAction
from prewatt_metering.registers.spans import Span


class RelayStep(NamedTuple):
    """A command to a relay: when it was issued, and when it was read back open (none: it was
    not)."""

    action: RelayAction
    issued_us: int
    opened_us: int | None


def open_spans(steps: Iterable[RelayStep]) -> tuple[Span, ...]:
    """When the relay was open for certain. ``steps``: all of one meter, in the order of their
    sequence.

    From a cut that was read back until the next reconnection is issued: from then on the relay may
    be closed, whatever is heard of it. A cut whose answer comes later than that opens nothing.
    """
    spans: list[Span] = []
    for each in steps:
        is_open = bool(spans) and spans[-1].end_us is None
        if each.action is RelayAction.RECONNECT and is_open:
            spans[-1] = Span(spans[-1].begin_us, each.issued_us)
        elif each.action is RelayAction.DISCONNECT and each.opened_us is not None and not is_open:
            spans.append(Span(each.opened_us, None))
    return tuple(each for each in spans if each.end_us is None or each.begin_us < each.end_us)
