"""Use case: reconnections begin, come further and end with the relays that they are of.

Each runs in the transaction of what made it so: the caller holds the accounts' rows.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from prepay_ledger.reconnections.ports import HasReconnections
from prepay_ledger.reconnections.rules import begun, reached, supersede
from prepay_ledger.reconnections.values import NewReconnection, Reached
from prepay_ledger.work_orders.keep_orders import end_orders
from prepay_ledger.work_orders.values import WorkOrderKind
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.ids import new_id

DARK = (WorkOrderKind.PAID_BUT_DARK,)


async def begin_reconnections(*, unit: HasReconnections, news: Sequence[NewReconnection]) -> None:
    """Reconnects were issued to relays that may be open. One that is issued again goes on as it
    was: its time counts from its first cause. A meter that serves another account by now begins
    anew."""
    if not news:
        return
    accounts = {each.meter_id: each.account_id for each in news}
    at = max(each.issued_at for each in news)
    known = await unit.reconnections.lock(accounts)
    others = [each for each in known if each.account_id != accounts[each.meter_id]]
    await unit.reconnections.save([supersede(each, at) for each in others])
    await unit.reconnections.add([begun(each, id_=new_id()) for each in news])


async def note_reached(*, unit: HasReconnections, seen: Sequence[Reached]) -> None:
    """What was heard of relays whose reconnection is under way, in the order in which it counts:
    who calls knows that none of it is older than what it knew before."""
    if not seen:
        return
    rows = {
        each.meter_id: each
        for each in await unit.reconnections.lock({one.meter_id for one in seen})
    }
    before = dict(rows)
    for meter_id, stage, at in seen:
        if meter_id in rows:
            rows[meter_id] = reached(rows[meter_id], stage, at)
    await unit.reconnections.save(
        [each for meter_id, each in rows.items() if each is not before[meter_id]]
    )
    closed_at = {meter_id: at for meter_id, stage, at in seen if stage is ReconnectionStage.CLOSED}
    if closed_at:
        await end_orders(
            unit=unit,
            meter_ids=closed_at,
            kinds=DARK,
            why="the relay was read back closed",
            at=max(closed_at.values()),
        )


async def end_reconnections(
    *, unit: HasReconnections, meter_ids: Collection[str], why: str, at: datetime
) -> None:
    """The relays are to be open again, or the meters serve nobody: nothing is waited for."""
    if not meter_ids:
        return
    rows = await unit.reconnections.lock(meter_ids)
    await unit.reconnections.save([supersede(each, at) for each in rows])
    await end_orders(unit=unit, meter_ids=meter_ids, kinds=DARK, why=why, at=at)
