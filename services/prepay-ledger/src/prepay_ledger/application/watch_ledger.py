"""Worker: looks at the ledger as a whole now and then, for metrics and alerts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from prewatt_common.db.database import is_passing_fault

logger = logging.getLogger(__name__)


class WatchLedger:
    """Calls ``measure`` every ``every_s``; a passing fault waits for the next time."""

    name = "watch ledger"

    def __init__(self, *, measure: Callable[[], Awaitable[None]], every_s: float) -> None:
        self._measure = measure
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            try:
                await self._measure()
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                logger.warning("watch: %r; again in %s s", error, self._every_s)
            try:
                await asyncio.wait_for(stop.wait(), self._every_s)
            except TimeoutError:
                continue
