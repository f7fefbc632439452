"""Use case: what nobody has sent back within the stated time counts as delivered."""

from collections.abc import Mapping
from datetime import timedelta

from notifier.contacts.values import Channel
from notifier.deliveries.ports import OpenDeliveries
from notifier.metrics import NOTICES
from notifier.notices import events
from prewatt_common.clock import Clock
from prewatt_common.contracts.notice_events_v1 import Proof

_AT_A_TIME = 500


class TrustSilence:
    """A substitute for receipts, for channels whose utility has stated a time, and no others."""

    def __init__(
        self,
        *,
        after: Mapping[Channel, timedelta],
        open_deliveries: OpenDeliveries,
        clock: Clock,
    ) -> None:
        self._after = after
        self._open_deliveries = open_deliveries
        self._clock = clock

    async def __call__(self) -> bool:
        """Whether there was anything."""
        found = False
        for channel, after in self._after.items():
            now = self._clock()
            async with self._open_deliveries() as store:
                notices = await store.undisputed(
                    channel, accepted_before=now - after, limit=_AT_A_TIME, now=now
                )
                for notice in notices:
                    told = events.delivered(notice, proof=Proof.UNDISPUTED, now=now)
                    await store.publish(told)
            for notice in notices:
                NOTICES.labels(channel, notice.status).inc()
            found = found or bool(notices)
        return found
