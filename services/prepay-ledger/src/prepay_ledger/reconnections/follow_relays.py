"""Use case: reconnections begin, come further and end with the relays that they are of.

Each runs in the transaction of what made it so: the caller holds the accounts' rows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.reconnections.ports import HasReconnections
from prepay_ledger.reconnections.rules import begun, given_way, reached, supersede
from prepay_ledger.reconnections.values import NewReconnection, Reached, Reconnection
from prepay_ledger.work_orders.keep_orders import end_orders
from prepay_ledger.work_orders.values import WorkOrderKind
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.ids import new_id

DARK = (WorkOrderKind.PAID_BUT_DARK,)
READ_BACK = "the relay was read back closed"
MEASURED = "the meter measured voltage behind its relay"
BY_CODE = "the reconnection code was typed in at the meter"


async def begin_reconnections(*, unit: HasReconnections, news: Sequence[NewReconnection]) -> None:
    """Reconnects were issued to relays that may be open. One that is issued again goes on as it
    was: its time counts from its first cause. A relay that had been closed meanwhile, and a meter
    that serves another account by now, begin anew."""
    if not news:
        return
    accounts = {each.meter_id: each.account_id for each in news}
    at = max(each.issued_at for each in news)
    known = await unit.reconnections.lock(accounts)
    over = [
        each
        for each in known
        if each.closed_at is not None or each.account_id != accounts[each.meter_id]
    ]
    await unit.reconnections.save([given_way(each, at) for each in over])
    await _end_dark(unit, [each.meter_id for each in over], why="another one has begun", at=at)
    await unit.reconnections.add([begun(each, id_=new_id()) for each in news])


class Supplied(NamedTuple):
    """A reconnection as it was, and as it is with supply behind its relay; its times are still to
    be observed."""

    before: Reconnection
    after: Reconnection


async def note_reached(
    *, unit: HasReconnections, seen: Sequence[Reached]
) -> Mapping[str, Supplied]:
    """What was heard of relays whose reconnection is under way, in the order in which it counts.
    What a meter has told of itself before the reconnect was issued is of another time. Gives those
    whose relay supplies by it, by meter, whatever became of the answers."""
    if not seen:
        return {}
    rows = {
        each.meter_id: each
        for each in await unit.reconnections.lock({one.meter_id for one in seen})
    }
    before = dict(rows)
    counts = [
        each
        for each in seen
        if each.is_answer or each.meter_id not in rows or each.at >= rows[each.meter_id].issued_at
    ]
    for each in counts:
        if each.meter_id in rows:
            rows[each.meter_id] = reached(rows[each.meter_id], each.stage, each.at)
    supplied: dict[str, Supplied] = {}
    for meter_id, each in rows.items():
        if each.load_at is not None and before[meter_id].load_at is None:
            # Done, so nobody looks at it again to time it.
            rows[meter_id] = replace(each, is_timed=True)
            supplied[meter_id] = Supplied(before[meter_id], rows[meter_id])
    await unit.reconnections.save(
        [each for meter_id, each in rows.items() if each is not before[meter_id]]
    )
    if supplied:
        at = max(each.at for each in counts if each.meter_id in supplied)
        await _end_dark(unit, supplied, why=MEASURED, at=at)
    closed = [each for each in counts if each.stage is ReconnectionStage.CLOSED]
    for by_code, why in ((True, BY_CODE), (False, READ_BACK)):
        some = [each for each in closed if each.is_by_code is by_code]
        if some:
            at = max(each.at for each in some)
            await _end_dark(unit, {each.meter_id for each in some}, why=why, at=at)
    return supplied


async def end_reconnections(
    *, unit: HasReconnections, meter_ids: Collection[str], why: str, at: datetime
) -> None:
    """The relays are to be open again, or the meters serve nobody: nothing is waited for."""
    if not meter_ids:
        return
    rows = await unit.reconnections.lock(meter_ids)
    await unit.reconnections.save([supersede(each, at) for each in rows])
    await _end_dark(unit, meter_ids, why=why, at=at)


async def end_elsewhere(
    *, unit: HasReconnections, account_ids: Collection[UUID], at: datetime
) -> Collection[str]:
    """Whoever has moved out waits for nothing, and is owed nothing: the meters whose reconnections
    ended for that. The accounts are locked."""
    if not account_ids:
        return ()
    meter_ids = await unit.reconnections.elsewhere(account_ids, now=at)
    await end_reconnections(
        unit=unit, meter_ids=meter_ids, why="the meter does not serve them any more", at=at
    )
    return meter_ids


async def _end_dark(
    unit: HasReconnections, meter_ids: Collection[str], *, why: str, at: datetime
) -> None:
    await end_orders(unit=unit, meter_ids=meter_ids, kinds=DARK, why=why, at=at)
