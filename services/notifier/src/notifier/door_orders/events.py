"""What is told of door orders on ``notice.events.v1``, keyed by account."""

from notifier.door_orders.values import Ending, NewOrder
from notifier.notices.events import message_of
from prewatt_common.contracts.notice_events_v1 import DoorNoticeOrdered, DoorOrderEnded
from prewatt_common.kafka.messages import Message


def ordered(order: NewOrder) -> Message:
    """Somebody is to go."""
    account_id, cause_id, template = order.occurrence
    event = DoorNoticeOrdered(
        order_id=order.id,
        notice_id=order.notice_id,
        account_id=account_id,
        template=template,
        cause_id=str(cause_id),
        language=order.language,
        bring_by=order.bring_by,
        at=order.ordered_at,
    )
    return message_of(event, account_id=account_id, now=order.ordered_at)


def ended(ending: Ending) -> Message:
    """Nobody need go any more."""
    account_id, cause_id, template = ending.occurrence
    event = DoorOrderEnded(
        order_id=ending.order_id,
        account_id=account_id,
        template=template,
        cause_id=str(cause_id),
        end=ending.end,
        door_id=ending.door_id,
        at=ending.at,
    )
    return message_of(event, account_id=account_id, now=ending.at)
