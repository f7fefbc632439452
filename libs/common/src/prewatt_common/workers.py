"""What the workers of the services wait by."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from prewatt_common.db.database import is_passing_fault

logger = logging.getLogger(__name__)


async def wait_any(*events: asyncio.Event, timeout_s: float) -> None:
    """Return as soon as one of ``events`` is set, or after ``timeout_s``."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Periodic:
    """A worker that calls ``do`` every ``every_s``; a passing fault waits for the next time."""

    def __init__(self, *, name: str, do: Callable[[], Awaitable[None]], every_s: float) -> None:
        self.name = name
        self._do = do
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            try:
                await self._do()
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                logger.warning("%s: %r; again in %s s", self.name, error, self._every_s)
            await wait_any(stop, timeout_s=self._every_s)
