"""Use case: work orders are opened, and closed when what they are about is over, and told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.events import keyed_event
from prepay_ledger.work_orders.ports import HasWorkOrders
from prepay_ledger.work_orders.values import (
    SYSTEM,
    Closing,
    NewWorkOrder,
    WorkOrder,
    WorkOrderKind,
    WorkOrderResult,
)
from prewatt_common.contracts.ledger_events_v1 import WorkOrderClosed, WorkOrderOpened
from prewatt_common.kafka.messages import Message

NOBODY: Mapping[UUID, datetime] = {}


async def open_orders(
    *, unit: HasWorkOrders, orders: Sequence[NewWorkOrder], at: datetime
) -> Sequence[WorkOrder]:
    """Those that were opened, in the transaction of what noticed it. The same again changes
    nothing while one is open, but for up to when that is known to hold."""
    if not orders:
        return ()
    opened = await unit.work_orders.open(orders, at=at)
    await unit.publish([_opened(each) for each in opened])
    return opened


async def end_orders(
    *,
    unit: HasWorkOrders,
    kinds: Collection[WorkOrderKind],
    why: str,
    at: datetime,
    meter_ids: Collection[str] = (),
    account_ids: Collection[UUID] = (),
    known: Mapping[UUID, datetime] = NOBODY,
) -> Sequence[WorkOrder]:
    """Those that were open and are closed now, because what they were about is over. ``known``: as
    of an instant, by account; what an order is about may have come after that, and it stays."""
    if not meter_ids and not account_ids and not known:
        return ()
    closing = Closing(at=at, by=SYSTEM, result=WorkOrderResult.OVER, note=why)
    closed = await unit.work_orders.close_all(
        kinds, closing, meter_ids=meter_ids, account_ids=account_ids, known=known
    )
    await unit.publish([closed_event(each, closing) for each in closed])
    return closed


def _opened(order: WorkOrder) -> Message:
    event = WorkOrderOpened(
        work_order_id=order.id,
        kind=order.kind,
        meter_id=order.meter_id,
        account_id=order.account_id,
        reason=order.reason,
        at=order.opened_at,
    )
    return keyed_event(event, key=_key(order), at=order.opened_at)


def closed_event(order: WorkOrder, closing: Closing) -> Message:
    """The event that tells of it."""
    event = WorkOrderClosed(
        work_order_id=order.id,
        kind=order.kind,
        meter_id=order.meter_id,
        account_id=order.account_id,
        by=closing.by,
        result=closing.result,
        note=closing.note,
        at=closing.at,
    )
    return keyed_event(event, key=_key(order), at=closing.at)


def _key(order: WorkOrder) -> str:
    """With what else is told of the account, in order."""
    return str(order.account_id) if order.account_id else order.meter_id
