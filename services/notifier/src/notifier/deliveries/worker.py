"""The worker that has every channel deliver, and ends what is overdue."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from notifier.contacts.values import Channel
from notifier.deliveries.expire import ExpireNotices
from notifier.deliveries.lane import Lane
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.trust_silence import TrustSilence
from notifier.deliveries.values import NoticeBroken
from prewatt_common.clock import Clock
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

_POLL_S = 1.0
_RETRY_S = 0.5


class DeliveryWorker:
    """Begins once the events that waited at the start are taken: a payment among them would come
    too late for a reminder from before."""

    name = "deliveries"

    def __init__(
        self,
        *,
        lanes: Mapping[Channel, Lane],
        open_deliveries: OpenDeliveries,
        clock: Clock,
        expire: ExpireNotices,
        trust_silence: TrustSilence,
        park: ParkNotice,
        backlog_taken: Callable[[], Awaitable[bool]],
        passing: Callable[[BaseException], bool],
        committed: Callable[[], None],
    ) -> None:
        self._lanes = lanes
        self._open_deliveries = open_deliveries
        self._clock = clock
        self._expire = expire
        self._trust_silence = trust_silence
        self._park = park
        self._backlog_taken = backlog_taken
        self._passing = passing
        self._committed = committed
        self._due = asyncio.Event()

    def wake(self) -> None:
        """There may be notices to send: look now and not at the next poll."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``; what is on its way then is finished first."""
        await self._until_backlog_taken(stop)
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes.values():
                group.create_task(lane.run(stop))
            group.create_task(self._wake_lanes(stop))
            group.create_task(self._end_overdue(stop))

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

    async def _wake_lanes(self, stop: asyncio.Event) -> None:
        """One look for all channels: most have nothing to send, most of the time."""
        while not stop.is_set():
            self._due.clear()
            try:
                async with self._open_deliveries() as store:
                    due = await store.due(self._lanes.keys(), now=self._clock())
            except Exception as error:
                if not self._passing(error):
                    raise
                logger.warning("due notices wait: database: %r; trying again", error)
                due = ()
            for channel in due:
                self._lanes[channel].wake()
            await wait_any(self._due, stop, timeout_s=_POLL_S)

    async def _end_overdue(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            ended = False
            try:
                ended = await self._end_some()
            except Exception as error:
                if not self._passing(error):
                    raise
                logger.warning("overdue notices wait: database: %r; trying again", error)
            if ended:
                # A next channel's turn, and events to tell.
                self.wake()
                self._committed()
            else:
                await wait_any(stop, timeout_s=_POLL_S)

    async def _end_some(self) -> bool:
        try:
            ended = await self._expire()
            return await self._trust_silence() or ended
        except NoticeBroken as broken:
            if self._passing(broken.error):
                raise broken.error from broken
            await self._park(broken.notice_id, broken.error, doing=broken.doing)
            # The others at once, without it.
            return True
