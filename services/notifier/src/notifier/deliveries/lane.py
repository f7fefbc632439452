"""One channel's deliveries: its own slots, rate and breaker, so that none waits for another."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from notifier.contacts.values import Channel
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.rate import Rate
from notifier.deliveries.values import Delivery, Doing, NoticeBroken, Outcome
from notifier.metrics import CHANNEL_DOWN
from prewatt_common.clock import Clock
from prewatt_common.peer_breaker import Breaker, BreakerPolicy
from prewatt_common.workers import wait_any

logger = logging.getLogger(__name__)

_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """``slots``: notices on their way at a time. A quarter of them is kept for those of supply,
    which shall not wait until a slow peer has answered about something else."""

    slots: int
    per_s: float | None = None
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)

    @property
    def for_supply(self) -> int:
        """Slots that nothing else is given."""
        return max(1, self.slots // 4) if self.slots > 1 else 0


class Lane:
    """Claims due notices of one channel whenever it is woken, and delivers them side by side."""

    def __init__(
        self,
        channel: Channel,
        *,
        limits: LaneLimits,
        open_deliveries: OpenDeliveries,
        deliver: Deliver,
        park: ParkNotice,
        lease: timedelta,
        passing: Callable[[BaseException], bool],
        committed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._limits = limits
        self._breaker = Breaker(limits.breaker)
        self._rate = Rate(limits.per_s)
        self._open_deliveries = open_deliveries
        self._deliver = deliver
        self._park = park
        self._lease = lease
        self._passing = passing
        self._committed = committed
        self._clock = clock
        self._due = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        CHANNEL_DOWN.labels(channel).set(0)

    def wake(self) -> None:
        """There may be notices to send."""
        self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``; what is on its way then is finished first."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._due.clear()
                claimed = await self._claim()
                for delivery in claimed:
                    task = group.create_task(self._one(delivery))
                    self._running.add(task)
                    task.add_done_callback(self._ended)
                if not claimed:
                    await wait_any(self._due, stop, timeout_s=self._rate.pause_s() or None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        # Claims by the half: one claim for each finished notice would double the queries.
        if len(self._running) <= self._limits.slots // 2:
            self._due.set()

    async def _claim(self) -> list[Delivery]:
        now_s = asyncio.get_running_loop().time()
        running = len(self._running)
        free = self._breaker.room(now_s=now_s, slots=self._limits.slots, running=running)
        room = self._rate.room(now_s=now_s, wanted=free)
        if room == 0:
            return []
        # A trial after an outage is of whatever waits first.
        kept = 0 if self._breaker.is_open else self._limits.for_supply
        now = self._clock()
        try:
            async with self._open_deliveries() as store:
                claimed = await store.claim(
                    self._channel,
                    limit=min(room, free - kept),
                    supply_limit=room,
                    now=now,
                    lease_until=now + self._lease,
                )
        except NoticeBroken as broken:
            await self._parked(broken)
            self._due.set()
            return []
        except Exception as error:
            if not self._passing(error):
                raise
            logger.warning("deliveries: database: %r; trying again", error)
            await asyncio.sleep(_RETRY_S)
            return []
        self._rate.take(len(claimed))
        return list(claimed)

    async def _one(self, delivery: Delivery) -> None:
        notice_id = delivery.notice.id
        try:
            outcome = await self._deliver.send(delivery)
        except Exception as error:  # noqa: BLE001 - it is kept, logged, and stops no other
            if self._passing(error):
                # Nothing has left: it is claimed again once its lease is over.
                logger.warning("a notice is not sent yet: database: %r", error)
                return
            await self._parked(NoticeBroken(notice_id, Doing.SEND, error))
            return
        self._note_health(outcome)
        try:
            recorded = await self._record(delivery, outcome)
        except Exception as error:  # noqa: BLE001 - as above
            broken = NoticeBroken(notice_id, Doing.RECORD, error)
            await self._parked(broken, peer_has_it=outcome.reason is None)
            return
        if recorded:
            self._committed()

    async def _parked(self, broken: NoticeBroken, *, peer_has_it: bool = False) -> None:
        """Tries for as long as a lease holds: after that the notice raises again, and is parked
        then."""
        until = self._clock() + self._lease
        while True:
            try:
                return await self._park(
                    broken.notice_id, broken.error, doing=broken.doing, peer_has_it=peer_has_it
                )
            except Exception as error:
                if error is broken.error or not self._passing(error):
                    raise
                if self._clock() >= until:
                    logger.error("notice not parked in time: %r", error,
                                 extra={"notice_id": str(broken.notice_id)})  # fmt: skip
                    return None
                await asyncio.sleep(_RETRY_S)

    def _note_health(self, outcome: Outcome) -> None:
        was_open = self._breaker.is_open
        if outcome.peer_answers:
            self._breaker.answered()
        elif outcome.peer_answers is False:
            self._breaker.failed(now_s=asyncio.get_running_loop().time())
        is_open = self._breaker.is_open
        CHANNEL_DOWN.labels(self._channel).set(is_open)
        if is_open and not was_open:
            logger.error("the channel %s is down, its notices wait: %s", self._channel,
                         outcome.reason)  # fmt: skip
        elif was_open and not is_open:
            logger.info("the channel %s is back", self._channel)

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
