"""Worker: take a meter's readings again where they had been merged into the wrong binding.

A binding's end can reach us after readings from beyond it, for between topics there is no order.
A maximum cannot be taken back, so the months concerned were dropped; here the meter's readings are
read again from Kafka, which keeps them, and merged like any others. Merging is idempotent, so
neither a crash nor the consumer's own progress meanwhile makes a difference.
"""

import asyncio
import logging
from collections.abc import Callable

from billing.meters.ports import OpenMeters, PastReadings
from billing.meters.take_readings import merge_readings
from prewatt_common.workers import Repeating

logger = logging.getLogger(__name__)


class Rederive:
    """Looks for meters to take again, every ``every_s``."""

    name = "rederive"

    def __init__(
        self,
        *,
        open_meters: OpenMeters,
        past: PastReadings,
        passing: Callable[[BaseException], bool],
        every_s: float,
    ) -> None:
        self._open_meters = open_meters
        self._past = past
        self._passing = passing
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; what is left is done at the next start."""

        async def once() -> None:
            await self.once(stop)

        repeating = Repeating(name=self.name, do=once, every_s=self._every_s, passing=self._passing)
        await repeating.run(stop)

    async def once(self, stop: asyncio.Event) -> int:
        """Take again the meters asked for; gives how many. Stopped half way, it gives none and
        the next start begins anew."""
        async with self._open_meters() as store:
            asked = await store.rederivations()
        if not asked:
            return 0
        async for by_meter in self._past.since({each.meter_id: each.since for each in asked}):
            if stop.is_set():
                return 0
            if not by_meter:
                continue
            async with self._open_meters() as store:
                await store.hold_terms_shared()
                await merge_readings(store=store, by_meter=by_meter)
        async with self._open_meters() as store:
            await store.settle_rederivations(asked)
        for each in asked:
            logger.info("readings taken again", extra={"meter_id": each.meter_id})
        return len(asked)
