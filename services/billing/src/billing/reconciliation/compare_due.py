"""Use case: compare the agreements that are due, a portion at a time, at a pace.

What moved is marked in the transaction that it came with. Here marks become agreements that are
due, and due agreements are compared as they stand: a pair that moves twice before it is looked at
is compared once. A crash leaves what was due to be due.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from billing.readings.packed import unpacked_columns
from billing.reconciliation.compare import Comparison, Known, compare, next_look
from billing.reconciliation.ports import DueWork, Held, OpenDue
from billing.rerating.register import MeterTerms
from billing.rerating.use import Use, use_of_columns
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)

BATCHES_MAX = 100
"""Whose marks become due agreements in one transaction."""
GATHER_S = 20.0
"""While agreements are due, marks wait so long: what moves again in between is looked for once."""
DUE_MAX = 50
"""Agreements in one transaction: about a second of work where each has a year of readings."""
METERS_MAX = 20
"""Whose readings are held at a time: a year of quarter-hours of a meter is some megabytes."""


class CompareDue:
    """Compares what is due; rests ``rest_factor`` times as long as that took."""

    def __init__(
        self, *, open_due: OpenDue, clock: Clock, settle: timedelta, rest_factor: float
    ) -> None:
        self._open_due = open_due
        self._clock = clock
        self._settle = settle
        self._rest_factor = rest_factor
        self._gathered_at = -GATHER_S

    async def once(self) -> float | None:
        """A portion; gives the seconds to rest where more waits, else none."""
        began = time.monotonic()
        spread = 0
        if began - self._gathered_at >= GATHER_S:
            async with self._open_due() as work:
                spread = await work.spread(now=self._clock(), limit=BATCHES_MAX)
            if spread < BATCHES_MAX:
                self._gathered_at = began
        async with self._open_due() as work:
            compared = await compare_due(work=work, now=self._clock(), settle=self._settle)
        if compared < DUE_MAX:
            self._gathered_at = -GATHER_S
            if spread < BATCHES_MAX:
                return None
        return self._rest_factor * (time.monotonic() - began)


async def compare_due(*, work: DueWork, now: datetime, settle: timedelta) -> int:
    """Up to `DUE_MAX` agreements; gives how many."""
    ids = await work.take_due(now=now, limit=DUE_MAX)
    if not ids:
        return 0
    loaded = [(_Rated(each.known), each.meters) for each in await work.load(ids)]
    rateable = [
        (rated, meter)
        for rated, meters in loaded
        if rated.known.agreement is not None and rated.known.tariff is not None
        for meter in meters
    ]
    for begin in range(0, len(rateable), METERS_MAX):
        some = rateable[begin : begin + METERS_MAX]
        held = await work.readings_of({meter.facts.meter for _, meter in some})
        # In a thread: whoever asks over HTTP, and what Kafka brings, does not wait for it.
        await asyncio.to_thread(_count, some, held)
    rated = [each for each, _ in loaded]
    found = await asyncio.to_thread(_compared, rated, now=now, settle=settle)
    await work.put(
        compared={each: comparisons for each, (comparisons, _) in found.items()},
        looks={each: look for each, (_, look) in found.items()},
        now=now,
    )
    return len(ids)


@dataclass(slots=True)
class _Rated:
    """An agreement, and what its meters counted, as far as they have been looked at."""

    known: Known
    use: Use = field(default_factory=Use)


def _count(some: Sequence[tuple[_Rated, MeterTerms]], held: Mapping[str, Held]) -> None:
    """Adds what meters counted, each to its agreement."""
    for rated, meter in some:
        rows = held.get(meter.facts.meter)
        known = rated.known
        if rows is not None and rows.moved_at > known.moved_at:
            known = rated.known = replace(known, moved_at=rows.moved_at)
        if known.agreement is None or known.tariff is None:
            continue  # another of its meters cannot be rated
        try:
            rated.use.add(
                use_of_columns(
                    agreement=known.agreement,
                    tariff=known.tariff,
                    meter=meter,
                    columns=unpacked_columns(rows.days if rows else ()),
                )
            )
        except ValueError as error:
            # One meter's data: the others are compared all the same, and this one is named.
            logger.exception("not rateable", extra={"agreement_id": known.agreement_id})
            rated.known = replace(known, tariff=None, tariff_fault=str(error))


def _compared(
    rated: Sequence[_Rated], *, now: datetime, settle: timedelta
) -> dict[UUID, tuple[list[Comparison], datetime | None]]:
    """How each agreement's periods stand, and when it is to be looked at again."""
    found: dict[UUID, tuple[list[Comparison], datetime | None]] = {}
    for each in rated:
        known = each.known
        compared = compare(known=known, use=each.use, now=now, settle=settle)
        look = next_look(known=known, compared=compared, now=now, settle=settle)
        found[known.agreement_id] = compared, look
    return found
