"""Billing's events as messages: topic, key and source in one place."""

from datetime import datetime

from billing.hardship.values import Flag
from prewatt_common.contracts.billing_events_v1 import HardshipCleared, HardshipFlagged
from prewatt_common.contracts.topics import BILLING_EVENTS
from prewatt_common.kafka.messages import Message, Source

SOURCE = Source("billing")


def flagged(flag: Flag, *, at: datetime) -> Message:
    """That it was raised: which indicators, and none of their numbers."""
    event = HardshipFlagged(
        flag_id=flag.id,
        account_id=flag.account_id,
        level=flag.level,
        indicators=tuple(each.name for each in flag.evidence),
        first_day=flag.first_day,
        policy_version=flag.policy_version,
        at=at,
    )
    return SOURCE.message(topic=BILLING_EVENTS, key=str(flag.account_id), event=event, at=at)


def cleared(flag: Flag, *, at: datetime) -> Message:
    """That it has ended."""
    assert flag.ended_day is not None
    assert flag.ended_by is not None
    event = HardshipCleared(
        flag_id=flag.id,
        account_id=flag.account_id,
        ended_day=flag.ended_day,
        ended_by=flag.ended_by,
        at=at,
    )
    return SOURCE.message(topic=BILLING_EVENTS, key=str(flag.account_id), event=event, at=at)
