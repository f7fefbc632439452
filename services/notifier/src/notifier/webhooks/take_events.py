"""Use case: a batch of ledger events is queued for the receivers that want them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from notifier.notices.calls import LedgerEvent
from notifier.webhooks.messages import message_of
from notifier.webhooks.ports import MessageQueue
from prewatt_common.clock import Clock
from prewatt_common.kafka.batches import AfterCommit
from prewatt_common.kafka.decoding import Delivered


class TakeEvents:
    """In the transaction that moves the offset: no event is left out and none comes twice."""

    def __init__(self, *, lifetime: timedelta, clock: Clock, committed: Callable[[], None]) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._committed = committed

    async def __call__(
        self, queue: MessageQueue, batch: Sequence[Delivered[LedgerEvent]]
    ) -> AfterCommit | None:
        """A repeated event changes nothing."""
        wanted = await queue.wanted()
        told = [each for each in batch if each.event.ce_type in wanted]
        if not told:
            return None
        now = self._clock()
        queued = await queue.queue_all(
            [message_of(each.event_id, each.event) for each in told],
            now=now,
            expires_at=now + self._lifetime,
        )
        return self._committed if queued else None
