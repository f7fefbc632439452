"""A notice is made from an event and a contact."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid5

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact
from notifier.notices.treatment import PRIORITIES, PURPOSES, gives_up_at
from notifier.notices.values import Facts, Notice, Status, Template

_NAMESPACE = UUID("0d6f9a5e-50f5-5d5c-9c39-8f1f6a3f1b7e")


def make_notice(
    *,
    cause_id: UUID,
    template: Template,
    contact: Contact,
    channel: Channel | None,
    facts: Facts,
    settled_above_micro: int | None,
    position: int,
    now: datetime,
    expires_at: datetime,
    declined: Collection[Purpose] = (),
    campaign_id: UUID | None = None,
) -> Notice:
    """A queued notice; without a channel, one that is suppressed from the start, and one that is
    declined where the customer wants none of its purpose.

    Its id follows from event, template and channel: made twice it is the same notice.
    """
    used = channel or Channel.LOG
    return Notice(
        id=uuid5(_NAMESPACE, f"{cause_id}/{template}/{used}"),
        cause_id=cause_id,
        account_id=contact.account_id,
        template=template,
        language=contact.language,
        channel=used,
        recipient=contact.address_of(used),
        facts=facts,
        settled_above_micro=settled_above_micro,
        position=position,
        status=_status(channel, is_declined=PURPOSES[template] in declined),
        priority=PRIORITIES[template],
        expires_at=expires_at,
        give_up_at=gives_up_at(
            now=now, expires_at=expires_at, channels_left=len(contact.ways) - position
        ),
        role=contact.role,
        campaign_id=campaign_id,
    )


def _status(channel: Channel | None, *, is_declined: bool) -> Status:
    if channel is None:
        return Status.SUPPRESSED
    return Status.DECLINED if is_declined else Status.QUEUED
