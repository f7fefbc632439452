"""Spans of time: outages, an open relay, a load that was limited."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """The half-open [begin_us, end_us); ``end_us`` none: it lasts."""

    begin_us: int
    end_us: int | None


class Limited(NamedTuple):
    """In this span the load was limited to so many watts."""

    span: Span
    limit_w: int


def overlap_us(begin_us: int, end_us: int, spans: Iterable[Span]) -> int:
    """How much of [begin_us, end_us) lies in ``spans``, what several cover counted once."""
    total_us, reached_us = 0, begin_us
    for span in sorted(spans, key=lambda each: each.begin_us):
        since_us = max(span.begin_us, reached_us)
        until_us = end_us if span.end_us is None else min(span.end_us, end_us)
        if since_us < until_us:
            total_us += until_us - since_us
            reached_us = until_us
    return total_us
