"""What is told of a notice on ``notice.events.v1``, keyed by account."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from msgspec.structs import replace

from notifier.notices.values import Notice
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.notice_events_v1 import (
    NoticeAccepted,
    NoticeBounced,
    NoticeDelivered,
    NoticeExpired,
    NoticeFailed,
    NoticeWithdrawn,
    Proof,
    Role,
)
from prewatt_common.contracts.topics import NOTICE_EVENTS
from prewatt_common.kafka.messages import Message, Source

_SOURCE = Source("notifier")


class _Which(TypedDict):
    notice_id: UUID
    account_id: UUID
    template: str
    channel: str
    cause_id: str
    at: datetime
    role: Role


def accepted(notice: Notice, *, now: datetime) -> Message:
    """The peer has it."""
    return _message(NoticeAccepted(**_which(notice, now)), notice, now)


def delivered(notice: Notice, *, proof: Proof, now: datetime) -> Message:
    """It has arrived, as is known ``now``."""
    said_at = notice.accepted_at or now
    event = NoticeDelivered(proof=proof, said_at=said_at, **_which(notice, now))
    return _message(event, notice, now)


def brought(
    notice: Notice, *, door_id: UUID, form: str, now: datetime, said_at: datetime
) -> Message:
    """A person says that they brought what it says to the door at ``said_at``, which is known
    ``now``: evidence of its own, by its own id."""
    event = NoticeDelivered(proof=Proof.BROUGHT, said_at=said_at, **_which(notice, now))
    return _message(replace(event, notice_id=door_id, channel=form), notice, now)


def bounced(notice: Notice, *, reason: str, now: datetime) -> Message:
    """It came back."""
    return _message(NoticeBounced(reason=reason, **_which(notice, now)), notice, now)


def failed(notice: Notice, *, reason: str, now: datetime) -> Message:
    """No channel is left; ``reason`` names each with its own."""
    return _message(NoticeFailed(reason=reason, **_which(notice, now)), notice, now)


def expired(notice: Notice, *, reason: str, now: datetime) -> Message:
    """Its time is over; ``reason`` as above."""
    return _message(NoticeExpired(reason=reason, **_which(notice, now)), notice, now)


def withdrawn(notice: Notice, *, now: datetime) -> Message:
    """It is true no more and was not sent."""
    return _message(NoticeWithdrawn(**_which(notice, now)), notice, now)


def message_of(event: Event, *, account_id: UUID, now: datetime) -> Message:
    """``event`` as the topic has it."""
    return _SOURCE.message(topic=NOTICE_EVENTS, key=str(account_id), event=event, at=now)


def _which(notice: Notice, now: datetime) -> _Which:
    return {
        "notice_id": notice.id,
        "account_id": notice.account_id,
        "template": notice.template,
        "channel": notice.channel,
        "cause_id": str(notice.cause_id),
        "at": now,
        "role": notice.role,
    }


def _message(event: Event, notice: Notice, now: datetime) -> Message:
    return message_of(event, account_id=notice.account_id, now=now)
