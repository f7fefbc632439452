"""When somebody is sent to the door, and when that is over: pure."""

from datetime import datetime, timedelta

from notifier.contacts.values import Channel
from notifier.door_orders.values import ORDERED, Standing, Try
from notifier.notices.values import Status
from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd

_UNDER_WAY = frozenset({Status.QUEUED, Status.SENDING, Status.ACCEPTED})
"""What may reach somebody yet. What a peer has is not failed: where silence is delivery, and after
how long, is the utility's to state (``PREWATT_SMS_UNDISPUTED_AFTER_H``)."""


def calls_for_order(standing: Standing, *, after: timedelta, now: datetime) -> bool:
    """Whether a person is to be sent: no channel reached the customer, none is left since
    ``after``, nobody has brought it, and what it says is true and has time left."""
    return (
        standing.occurrence.template in ORDERED
        and standing.order_id is None
        and standing.door_id is None
        and not standing.overtaken
        and not any(_may_reach(each) or _reached(each) for each in standing.tries)
        and standing.tried_until is not None
        and standing.tried_until + after <= now < standing.expires_at
    )


def how_ended(standing: Standing, *, now: datetime) -> DoorOrderEnd | None:
    """Why an order of this occurrence is over; none while somebody is still to go. What was brought
    counts as brought, whatever else came."""
    if standing.door_id is not None:
        return DoorOrderEnd.BROUGHT
    if standing.overtaken:
        return DoorOrderEnd.OVERTAKEN
    if any(map(_reached, standing.tries)):
        return DoorOrderEnd.REACHED
    return DoorOrderEnd.LAPSED if now >= standing.expires_at else None


def _may_reach(each: Try) -> bool:
    return each.channel is not Channel.LOG and each.status in _UNDER_WAY


def _reached(each: Try) -> bool:
    """What went to the log reached nobody."""
    return each.channel is not Channel.LOG and each.status is Status.DELIVERED
