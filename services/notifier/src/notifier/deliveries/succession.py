"""What follows a channel that did not deliver: the contact's next one, or the end."""

from dataclasses import replace
from datetime import datetime

from notifier.deliveries.ports import DeliveryStore
from notifier.notices import events
from notifier.notices.making import make_notice
from notifier.notices.values import Notice
from prewatt_common.ids import new_id


async def hand_on(store: DeliveryStore, notice: Notice, *, now: datetime) -> None:
    """The caller holds the account, and has written down what became of ``notice``."""
    refusals = await store.refusals(cause_id=notice.cause_id, template=notice.template)
    contact = await store.contact(notice.account_id, notice.role, campaign_id=notice.campaign_id)
    channel = contact.next_channel([refusal.channel for refusal in refusals]) if contact else None
    over = now >= notice.expires_at
    if contact is None or channel is None or over:
        reason = "; ".join(f"{refusal.channel}: {refusal.reason}" for refusal in refusals)
        tell = events.expired if over else events.failed
        await store.publish(tell(notice, reason=reason, now=now))
        return
    if notice.campaign_id is not None:
        language = await store.language_of(
            notice.campaign_id, channel, wanted=contact.language, now=now
        )
        contact = replace(contact, language=language)
    replacement = make_notice(
        cause_id=notice.cause_id,
        template=notice.template,
        contact=contact,
        channel=channel,
        facts=notice.facts,
        settled_above_micro=notice.settled_above_micro,
        # Said anew meanwhile, or paused, it has had positions, and maybe this channel, already.
        position=await store.next_position(cause_id=notice.cause_id, template=notice.template),
        now=now,
        expires_at=notice.expires_at,
        campaign_id=notice.campaign_id,
    )
    await store.add(replace(replacement, id=new_id()), now=now)
