"""Use case: what became of notices lets cuts go, calls them back, or has a person look."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.procedures.take_notices import HeardNotices, NoticeEvent, take_notices
from prepay_ledger.relays.values import Desired
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.work_orders.keep_orders import end_orders, open_orders
from prepay_ledger.work_orders.values import NewWorkOrder, WorkOrderKind
from prewatt_common.contracts.notice_events_v1 import NoticeFailed
from prewatt_common.kafka.decoding import Delivered

_TAKES_SUPPLY = (Desired.OPEN, Desired.LIMITED)


async def mind_notices(
    unit: Unit, batch: Sequence[Delivered[NoticeEvent]], *, review: SupplyReview, now: datetime
) -> None:
    """What was delivered may be what a cut waits for. What came back may be what one rests on: it
    is called back while it can be, and after that a person looks. Whom nothing reaches a person
    looks for before that, until something does."""
    heard = await take_notices(unit, batch, now=now)
    if moving := await unit.relays.moving_accounts(sorted(heard.accounts), now=now):
        await review(unit, moving, now=now, caused_at=now)
        await _have_contacts_mended(unit, heard.came_back & set(moving), now=now)
    await _look_for_unreached(unit, heard, now=now)


async def _have_contacts_mended(unit: Unit, came_back: Collection[UUID], *, now: datetime) -> None:
    """Of households without supply that nobody reached, as it turns out. That alone closes no
    relay: else whoever does not want to pay gives a wrong number."""
    if not came_back:
        return
    relays = await unit.relays.of_accounts(sorted(came_back), now=now)
    orders = [
        NewWorkOrder(
            kind=WorkOrderKind.CONTACT_REPAIR,
            meter_id=relay.meter_id,
            account_id=account_id,
            reason="supply was taken, and a notice that said so before has come back: reach the "
            "customer, mend the contact, and look whether the cut may stand",
            evidence={"relay": relay.desired, "came_back_by": now.isoformat()},
            known_until=now,
        )
        for account_id, of_it in relays.items()
        for relay in of_it
        if relay.desired in _TAKES_SUPPLY
    ]
    await open_orders(unit=unit, orders=orders, at=now)


async def _look_for_unreached(unit: Unit, heard: HeardNotices, *, now: datetime) -> None:
    """One order a household, at the first of its meters. Whom a notice reaches that was said after
    the one that failed needs none."""
    await end_orders(
        unit=unit,
        kinds=[WorkOrderKind.UNREACHABLE],
        why="a notice was delivered that was said later",
        at=now,
        known=heard.reached,
    )
    if not heard.unreached:
        return
    relays = await unit.relays.of_accounts(sorted(heard.unreached), now=now)
    orders = [
        NewWorkOrder(
            kind=WorkOrderKind.UNREACHABLE,
            meter_id=min(relay.meter_id for relay in of_it),
            account_id=account_id,
            reason="a warning failed on every channel: reach the customer, mend the contact",
            evidence=_failure(heard.unreached[account_id]),
            known_until=heard.unreached[account_id].at,
        )
        for account_id, of_it in relays.items()
    ]
    await open_orders(unit=unit, orders=orders, at=now)


def _failure(failed: NoticeFailed) -> Mapping[str, str]:
    return {
        "notice_id": str(failed.notice_id),
        "template": failed.template,
        "why": failed.reason,
        "at": failed.at.isoformat(),
    }
