"""Use case: a person closes a work order."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.work_orders.keep_orders import closed_event
from prepay_ledger.work_orders.ports import HasWorkOrders
from prepay_ledger.work_orders.refusals import UnknownWorkOrder, WorkOrderClosedBefore
from prepay_ledger.work_orders.values import Closing, WorkOrder


async def close_order(*, unit: HasWorkOrders, order_id: UUID, closing: Closing) -> WorkOrder:
    """The order as it stands now. The same again changes nothing.

    Raises `UnknownWorkOrder` or `WorkOrderClosedBefore`.
    """
    order = await unit.work_orders.lock(order_id)
    if order is None:
        message = f"there is no work order {order_id}"
        raise UnknownWorkOrder(message)
    done = order.closing
    if done is None:
        await unit.work_orders.close(order_id, closing)
        await unit.publish([closed_event(order, closing)])
        return replace(order, closing=closing)
    if (done.by, done.result, done.note) != (closing.by, closing.result, closing.note):
        message = (
            f"work order {order_id} was closed at {done.at:%Y-%m-%d %H:%M} UTC by {done.by}: "
            f"{done.result}; nothing was changed"
        )
        raise WorkOrderClosedBefore(message)
    return order
