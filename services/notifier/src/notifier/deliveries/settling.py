"""What is said of an accepted notice is written down, and told."""

from datetime import datetime
from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.deliveries.ports import DeliveryStore
from notifier.deliveries.succession import hand_on
from notifier.notices import events
from notifier.notices.values import Notice
from prewatt_common.contracts.notice_events_v1 import Proof


async def settle_by_receipts(
    store: DeliveryStore, notice_id: UUID, *, now: datetime
) -> Notice | None:
    """By what was said of its messages. The caller holds the account. None while that is not known
    of all of them, or where it is settled already."""
    said = await store.verdict_of_messages(notice_id)
    if said is None:
        return None
    return await settle(store, notice_id, said.verdict, reason=said.reason, now=now)


async def settle(
    store: DeliveryStore, notice_id: UUID, verdict: Verdict, *, reason: str, now: datetime
) -> Notice | None:
    """The caller holds the account: another notice may take this one's place, and a payment must
    not slip in between. None where it is settled already."""
    why = reason if verdict is Verdict.BOUNCED else None
    settled = await store.settle(notice_id, verdict, reason=why, now=now)
    if settled is None:
        return None
    notice, is_true = settled
    if verdict is Verdict.BOUNCED:
        await store.publish(events.bounced(notice, reason=reason, now=now))
        if is_true:
            await hand_on(store, notice, now=now)
    elif is_true:
        # Else it warned of a shortfall that is over: no evidence of one that came since.
        await store.publish(events.delivered(notice, proof=Proof.RECEIPT, now=now))
    return notice
