"""What follows a channel that did not deliver: the contact's next one, or the end."""

from datetime import datetime

from notifier.deliveries import events
from notifier.deliveries.ports import DeliveryStore
from notifier.deliveries.values import Delivery
from notifier.notices.making import make_notice


async def hand_on(store: DeliveryStore, delivery: Delivery, *, now: datetime) -> None:
    """The caller holds the account, and has written down what became of ``delivery``."""
    notice = delivery.notice
    refusals = await store.refusals(cause_id=notice.cause_id, template=notice.template)
    contact = await store.contact(notice.account_id)
    channel = contact.next_channel([refusal.channel for refusal in refusals]) if contact else None
    if contact is None or channel is None or now >= notice.expires_at:
        reason = "; ".join(f"{refusal.channel}: {refusal.reason}" for refusal in refusals)
        await store.publish(events.failed(delivery, reason=reason, now=now))
        return
    replacement = make_notice(
        cause_id=notice.cause_id,
        template=notice.template,
        contact=contact,
        channel=channel,
        facts=notice.facts,
        settled_above_micro=notice.settled_above_micro,
        position=notice.position + 1,
        now=now,
        expires_at=notice.expires_at,
    )
    await store.add(replacement, now=now)
