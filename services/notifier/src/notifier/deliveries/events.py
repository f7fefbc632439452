"""What is told of a notice's end on ``notice.events.v1``, keyed by account."""

from datetime import datetime

from notifier.deliveries.values import Delivery
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.notice_events_v1 import NoticeDelivered, NoticeFailed
from prewatt_common.contracts.topics import NOTICE_EVENTS
from prewatt_common.kafka.messages import Message, Source

_SOURCE = Source("notifier")


def delivered(delivery: Delivery, *, now: datetime) -> Message:
    """The peer has accepted it."""
    notice = delivery.notice
    return _message(
        NoticeDelivered(
            notice_id=notice.id,
            account_id=notice.account_id,
            template=notice.template,
            channel=notice.channel,
            cause_id=str(notice.cause_id),
            at=now,
        ),
        delivery,
        now,
    )


def failed(delivery: Delivery, *, reason: str, now: datetime) -> Message:
    """No channel is left; ``reason`` names each with its own."""
    notice = delivery.notice
    return _message(
        NoticeFailed(
            notice_id=notice.id,
            account_id=notice.account_id,
            template=notice.template,
            channel=notice.channel,
            cause_id=str(notice.cause_id),
            reason=reason,
            at=now,
        ),
        delivery,
        now,
    )


def _message(event: Event, delivery: Delivery, now: datetime) -> Message:
    key = str(delivery.notice.account_id)
    return _SOURCE.message(topic=NOTICE_EVENTS, key=key, event=event, at=now)
