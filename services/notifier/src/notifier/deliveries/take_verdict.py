"""Use case: a receipt or a bounce says what became of a notice that a peer has accepted."""

from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.succession import hand_on
from notifier.deliveries.values import as_kept
from notifier.metrics import NOTICES
from notifier.notices import events
from prewatt_common.clock import Clock
from prewatt_common.contracts.notice_events_v1 import Proof


class TakeVerdict:
    """Writes it down with its event, and gives what came back to the next channel while it is true.

    The same again changes nothing, and what came back is not delivered any more.
    """

    def __init__(self, *, open_deliveries: OpenDeliveries, clock: Clock) -> None:
        self._open_deliveries = open_deliveries
        self._clock = clock

    async def __call__(self, notice_id: UUID, verdict: Verdict, *, reason: str) -> bool:
        """Whether there is such a notice."""
        now = self._clock()
        reason = as_kept(reason)
        async with self._open_deliveries() as store:
            account_id = await store.account_of(notice_id)
            if account_id is None:
                return False
            # Another notice may take this one's place: a payment must not slip in between.
            await store.hold_account(account_id)
            why = reason if verdict is Verdict.BOUNCED else None
            settled = await store.settle(notice_id, verdict, reason=why, now=now)
            if settled is None:
                return True
            notice, is_true = settled
            if verdict is Verdict.BOUNCED:
                await store.publish(events.bounced(notice, reason=reason, now=now))
                if is_true:
                    await hand_on(store, notice, now=now)
            elif is_true:
                # Else it warned of a shortfall that is over: no evidence of one that came since.
                told = events.delivered(notice, proof=Proof.RECEIPT, now=now)
                await store.publish(told)
        NOTICES.labels(notice.channel, notice.status).inc()
        return True
