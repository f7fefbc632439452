"""Use case: compare the agreements that are due, a portion at a time, at a pace.

What moved is marked in the transaction that it came with. Here marks become agreements that are
due, and due agreements are compared as they stand: a pair that moves twice before it is looked at
is compared once. A crash leaves what was due to be due.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from billing.readings.packed import unpacked_columns
from billing.reconciliation.compare import Comparison, Known, compare, next_look
from billing.reconciliation.ports import DueWork, Held, Metered, OpenDue
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
    compared: dict[UUID, Sequence[Comparison]] = {}
    looks: dict[UUID, datetime | None] = {}
    for metered in await work.load(ids):
        known, found = await _compared(work, metered, now=now, settle=settle)
        compared[known.agreement_id] = found
        looks[known.agreement_id] = next_look(known=known, compared=found, now=now, settle=settle)
    await work.put(compared=compared, looks=looks, now=now)
    return len(ids)


async def _compared(
    work: DueWork, metered: Metered, *, now: datetime, settle: timedelta
) -> tuple[Known, list[Comparison]]:
    known, use = metered.known, Use()
    if known.agreement is not None and known.tariff is not None:
        for begin in range(0, len(metered.meters), METERS_MAX):
            some = metered.meters[begin : begin + METERS_MAX]
            held = await work.readings_of([each.facts.meter for each in some])
            moved_at = max((each.moved_at for each in held.values()), default=known.moved_at)
            known = replace(known, moved_at=max(known.moved_at, moved_at))
            try:
                # In a thread: whoever asks over HTTP, and what Kafka brings, does not wait for it.
                use.add(await asyncio.to_thread(_used, known, some, held))
            except ValueError as error:
                # One meter's data: the others are compared all the same, and this one is named.
                logger.exception("not rateable", extra={"agreement_id": known.agreement_id})
                known = replace(known, tariff=None, tariff_fault=str(error))
                break
    found = await asyncio.to_thread(compare, known=known, use=use, now=now, settle=settle)
    return known, found


def _used(known: Known, meters: Sequence[MeterTerms], held: Mapping[str, Held]) -> Use:
    assert known.agreement is not None, "only what has an agreement is rated"
    assert known.tariff is not None, "only what has a tariff is rated"
    use = Use()
    for meter in meters:
        rows = held.get(meter.facts.meter)
        use.add(
            use_of_columns(
                agreement=known.agreement,
                tariff=known.tariff,
                meter=meter,
                columns=unpacked_columns(rows.days if rows else ()),
            )
        )
    return use
