"""The worker that keeps a bounded number of notices on their way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from notifier.deliveries.deliver import Deliver
from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.values import Delivery, Outcome
from prewatt_common.clock import Clock
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

_POLL_S = 1.0
_RETRY_S = 0.5


class DeliveryWorker:
    """Claims due notices, woken after a commit or by its poll, and delivers them side by side.

    It begins once the events that waited at the start are taken: a payment among them would come
    too late for a reminder from before.
    """

    name = "deliveries"

    def __init__(
        self,
        *,
        open_deliveries: OpenDeliveries,
        deliver: Deliver,
        concurrency: int,
        lease: timedelta,
        backlog_taken: Callable[[], Awaitable[bool]],
        passing: Callable[[BaseException], bool],
        committed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._open_deliveries = open_deliveries
        self._deliver = deliver
        self._concurrency = concurrency
        self._lease = lease
        self._backlog_taken = backlog_taken
        self._passing = passing
        self._committed = committed
        self._clock = clock
        self._due = asyncio.Event()

    def wake(self) -> None:
        """There may be notices to send: look now and not at the next poll."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``; what is on its way then is finished first."""
        await self._until_backlog_taken(stop)
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._due.clear()
                # Claims by the half: one claim for each finished notice would double the queries.
                free = self._concurrency - len(running)
                claimed = await self._claim(free) if free > self._concurrency // 2 else []
                for delivery in claimed:
                    task = group.create_task(self._one(delivery))
                    running.add(task)
                    task.add_done_callback(running.discard)
                    task.add_done_callback(lambda _: self._due.set())
                if not claimed:
                    await wait_any(self._due, stop, timeout_s=_POLL_S)

    async def _until_backlog_taken(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if await self._backlog_taken():
                    return
            except Exception as error:
                if not self._passing(error):
                    raise
                logger.warning("deliveries wait: the events before them: %r; trying again", error)
            await asyncio.sleep(_RETRY_S)

    async def _claim(self, limit: int) -> list[Delivery]:
        now = self._clock()
        try:
            async with self._open_deliveries() as store:
                claim = await store.claim(limit=limit, now=now, lease_until=now + self._lease)
        except Exception as error:
            if not self._passing(error):
                raise
            logger.warning("deliveries: database: %r; trying again", error)
            await asyncio.sleep(_RETRY_S)
            return []
        return list(claim)

    async def _one(self, delivery: Delivery) -> None:
        outcome = await self._deliver.send(delivery)
        if await self._record(delivery, outcome):
            self._committed()

    async def _record(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Tries for as long as the lease holds: an outcome that is lost is a notice sent twice."""
        until = self._clock() + self._lease
        while True:
            try:
                return await self._deliver.record(delivery, outcome)
            except Exception as error:
                if not self._passing(error):
                    raise
                if self._clock() >= until:
                    logger.error(
                        "outcome not recorded in time; the notice is sent again: %r", error,
                        extra={"notice_id": str(delivery.notice.id)},
                    )  # fmt: skip
                    return False
                logger.warning("outcome not recorded yet: %r; trying again", error)
                await asyncio.sleep(_RETRY_S)
