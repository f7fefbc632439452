"""Use case: notices whose time over a channel is over go to the next one, or end."""

from datetime import datetime

from notifier.deliveries.ports import DeliveryStore, OpenDeliveries
from notifier.deliveries.succession import hand_on
from notifier.deliveries.values import Delivery, Doing, NoticeBroken
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
        """Whether anything ended. So many at a time in one transaction. Raises `NoticeBroken`
        for the one that it failed at; nothing of its transaction stands then."""
        async with self._open_deliveries() as store:
            stopped = await store.stop_abandoned(now=self._clock())
            for notice in stopped:
                if notice.status is Status.WITHDRAWN:
                    await store.publish(events.withdrawn(notice, now=self._clock()))
        for notice in stopped:
            NOTICES.labels(notice.channel, notice.status).inc()
        now = self._clock()
        async with self._open_deliveries() as store:
            overdue = await store.overdue(limit=_AT_A_TIME, now=now)
            # In the order of their ids, as whoever else holds several.
            for account_id in sorted({each.notice.account_id for each in overdue}):
                await store.hold_account(account_id)
            ended = [each for each in overdue if await _expired(store, each, now=now)]
        for each in ended:
            NOTICES.labels(each.notice.channel, Status.EXPIRED).inc()
        return bool(ended or stopped)


async def _expired(store: DeliveryStore, delivery: Delivery, *, now: datetime) -> bool:
    """Whether it was still to be ended: its account is held only now."""
    try:
        if not await store.expire(delivery, now=now):
            return False
        await hand_on(store, delivery.notice, now=now)
    except Exception as error:
        raise NoticeBroken(delivery.notice.id, Doing.EXPIRE, error) from error
    return True
