"""Use case: what the notifier delivered is evidence, until it turns out that nobody got it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from prepay_ledger.procedures.ports import HasProcedures
from prewatt_common.contracts.notice_events_v1 import (
    NoticeBounced,
    NoticeDelivered,
    NoticeFailed,
    Role,
)
from prewatt_common.contracts.procedure_v1 import DEMAND_TEMPLATES, NOTICE_TEMPLATES
from prewatt_common.kafka.decoding import Delivered

_EVIDENCE = frozenset({*NOTICE_TEMPLATES, *DEMAND_TEMPLATES})
NoticeEvent: TypeAlias = NoticeDelivered | NoticeBounced | NoticeFailed


class HeardNotices(NamedTuple):
    """The accounts of which there is news, and those of them of which something came back; whom the
    last notice of the batch reached, and for whom it failed on every channel."""

    accounts: set[UUID]
    came_back: set[UUID]
    reached: Mapping[UUID, NoticeDelivered]
    unreached: Mapping[UUID, NoticeFailed]


async def take_notices(
    unit: HasProcedures, batch: Sequence[Delivered[NoticeEvent]], *, now: datetime
) -> HeardNotices:
    """Handle ``batch``; the supply of accounts of which there is news is to be decided anew. The
    same again changes nothing: a notice is known by its id, and one that was taken back stays so.
    What bounced takes back itself; what failed takes back what was delivered before it alone, so
    that the order in which the two are written does not matter. What a nominated person was told
    is no word to the customer, and what did not reach them takes nothing back."""
    events = [
        event for event, _ in batch if event.template in _EVIDENCE and event.role is Role.CUSTOMER
    ]
    delivered = [event for event in events if isinstance(event, NoticeDelivered)]
    bounced = [event for event in events if isinstance(event, NoticeBounced)]
    failed = [event for event in events if isinstance(event, NoticeFailed)]
    news: set[UUID] = set()
    came_back: set[UUID] = set()
    if delivered:
        news.update(await unit.evidence.add_delivered(delivered, now=now))
    if bounced:
        came_back.update(await unit.evidence.take_back_bounced(bounced, now=now))
    if failed:
        came_back.update(await unit.evidence.take_back_failed(failed, now=now))
    last = {each.account_id: each for each in sorted([*delivered, *failed], key=lambda e: e.at)}
    return HeardNotices(
        news | came_back,
        came_back,
        {key: each for key, each in last.items() if isinstance(each, NoticeDelivered)},
        {key: each for key, each in last.items() if isinstance(each, NoticeFailed)},
    )
