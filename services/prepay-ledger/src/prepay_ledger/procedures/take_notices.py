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
    """The accounts of which there is news, and those of them of which something came back; when
    what reached the customer last was said, where nothing failed on every channel after that, and
    the last that so failed where something did."""

    accounts: set[UUID]
    came_back: set[UUID]
    reached: Mapping[UUID, datetime]
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
    reached, unreached = _last(delivered, failed)
    return HeardNotices(news | came_back, came_back, reached, unreached)


def _last(
    delivered: Sequence[NoticeDelivered], failed: Sequence[NoticeFailed]
) -> tuple[Mapping[UUID, datetime], Mapping[UUID, NoticeFailed]]:
    """By when each was said, and not by when its delivery was known: an old mail that nobody sends
    back says nothing of an address that has failed since."""
    unreached = {each.account_id: each for each in sorted(failed, key=lambda e: e.at)}
    reached: dict[UUID, datetime] = {}
    for each in delivered:
        said_at = each.at if each.said_at is None else min(each.said_at, each.at)
        reached[each.account_id] = max(said_at, reached.get(each.account_id, said_at))
    for account_id in reached.keys() & unreached.keys():
        if reached[account_id] > unreached[account_id].at:
            del unreached[account_id]
        else:
            del reached[account_id]
    return reached, unreached
