"""Worker: held cuts and failed commands are looked at again when their time has come."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prepay_ledger.application.ports import Unit
from prepay_ledger.application.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.db.database import is_passing_fault
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

_EVERY_S = 1.0
_ACCOUNTS_MAX = 500


class RecheckSupply:
    """Looks once a second; replicas share the work by skipping each other's locked rows."""

    name = "recheck supply"

    def __init__(
        self,
        *,
        open_unit: Callable[[], AbstractAsyncContextManager[Unit]],
        review: SupplyReview,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._review = review
        self._clock = clock
        self._committed = committed

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            try:
                found = await self._once()
            except Exception as error:
                if not is_passing_fault(error):
                    raise
                logger.warning("recheck: %r; again in %s s", error, _EVERY_S)
                found = 0
            if found < _ACCOUNTS_MAX:
                await wait_any(stop, timeout_s=_EVERY_S)

    async def _once(self) -> int:
        now = self._clock()
        async with self._open_unit() as unit:
            due = await unit.supply.due(now=now, limit=_ACCOUNTS_MAX)
            if due:
                await self._review(unit, due, now=now, caused_at=now)
        if due:
            self._committed()
        return len(due)
