"""Use case: a person closes a work order, and what they have seen to is tried again at once."""

from dataclasses import dataclass
from uuid import UUID

from prepay_ledger.relays.news import seen_to, tried_anew
from prepay_ledger.relays.values import Relay
from prepay_ledger.supply.hold_served import hold_served
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.work_orders.close_order import close_order
from prepay_ledger.work_orders.values import (
    Closing,
    WorkOrder,
    WorkOrderKind,
    WorkOrderResult,
)

_SEES_TO_RELAY = frozenset(
    {
        WorkOrderKind.RELAY_DOES_NOT_ANSWER,
        WorkOrderKind.RELAY_OPENS_UNASKED,
        WorkOrderKind.RELAY_MOVED_BY_HAND,
    }
)
"""Who has closed one has been at the relay."""
_SEEN = frozenset({WorkOrderResult.DONE, WorkOrderResult.NOTHING_FOUND})


@dataclass(frozen=True, slots=True)
class CloseAndRetry:
    """Closes orders, as `close_order` has it. A relay that did not answer, or opened unasked,
    is asked anew in the same transaction: the order says by whom it was closed, and the decision
    after it what was asked."""

    review: SupplyReview

    async def __call__(self, *, unit: Unit, order_id: UUID, closing: Closing) -> WorkOrder:
        """The order as it stands now. Raises `UnknownWorkOrder` or `WorkOrderClosedBefore`."""
        order = await unit.work_orders.find(order_id)
        if order is None or order.kind not in _SEES_TO_RELAY:
            return await close_order(unit=unit, order_id=order_id, closing=closing)
        # Accounts are locked before orders are.
        serving = await hold_served(unit, [order.meter_id], now=closing.at)
        closed = await close_order(unit=unit, order_id=order_id, closing=closing)
        if closed.closing is not closing:
            # It was closed before, by the same words.
            return closed
        relays = await unit.relays.of_meters([order.meter_id])
        seen = [_seen(each, order.kind, closing.result) for each in relays]
        await unit.relays.save([e for e, before in zip(seen, relays, strict=True) if e != before])
        if serving:
            accounts = list(serving.values())
            await self.review(unit, accounts, now=closing.at, caused_at=closing.at)
        return closed


def _seen(relay: Relay, kind: WorkOrderKind, result: WorkOrderResult) -> Relay:
    """Whoever could not get there, or found it unsafe, has not seen to what opened it."""
    if kind is WorkOrderKind.RELAY_DOES_NOT_ANSWER:
        return tried_anew(relay)
    return seen_to(relay) if result in _SEEN else relay
