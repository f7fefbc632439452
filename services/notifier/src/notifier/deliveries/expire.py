"""Use case: notices whose time over a channel is over go to the next one, or end."""

from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.succession import hand_on
from notifier.deliveries.values import Delivery
from notifier.metrics import NOTICES
from notifier.notices import events
from notifier.notices.values import Status
from prewatt_common.clock import Clock

_AT_A_TIME = 200


class ExpireNotices:
    """Ends what is overdue, whatever its channel's peer does; and what its sender left behind that
    is true no more."""

    def __init__(self, *, open_deliveries: OpenDeliveries, clock: Clock) -> None:
        self._open_deliveries = open_deliveries
        self._clock = clock

    async def __call__(self) -> bool:
        """Whether anything ended. Each notice in a transaction of its own."""
        async with self._open_deliveries() as store:
            stopped = await store.stop_abandoned(now=self._clock())
            for notice in stopped:
                if notice.status is Status.WITHDRAWN:
                    await store.publish(events.withdrawn(notice, now=self._clock()))
        for notice in stopped:
            NOTICES.labels(notice.channel, notice.status).inc()
        async with self._open_deliveries() as store:
            overdue = await store.overdue(limit=_AT_A_TIME, now=self._clock())
        ended = [delivery for delivery in overdue if await self._expire(delivery)]
        return bool(ended or stopped)

    async def _expire(self, delivery: Delivery) -> bool:
        now = self._clock()
        notice = delivery.notice
        async with self._open_deliveries() as store:
            await store.hold_account(notice.account_id)
            if not await store.expire(delivery, now=now):
                return False
            await hand_on(store, notice, now=now)
        NOTICES.labels(notice.channel, Status.EXPIRED).inc()
        return True
