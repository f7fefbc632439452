"""Use case: a person reads the code that closes a relay, and that is written down before."""

from uuid import UUID

from prepay_ledger.site_codes.ports import Unit
from prepay_ledger.site_codes.refusals import NoSiteCode, SiteCodesNotSetUp, TooManySiteCodes
from prepay_ledger.site_codes.rules import OF_ORDER_MAX, codes_of
from prepay_ledger.site_codes.values import Masters, Reading, ShownCode, SiteCode
from prepay_ledger.work_orders.refusals import UnknownWorkOrder
from prepay_ledger.work_orders.values import WorkOrder, WorkOrderKind
from prewatt_common.ids import new_id


async def show_code(
    *, unit: Unit, masters: Masters, order_id: UUID, another: bool, reading: Reading
) -> ShownCode:
    """The order's code, the same each time unless ``another`` is asked for, which ends those before
    once it is used. It is shown after the transaction: whoever has read one is written down.

    Raises `UnknownWorkOrder`, `SiteCodesNotSetUp`, `NoSiteCode` or `TooManySiteCodes`.
    """
    order = await unit.work_orders.find(order_id)
    if order is None:
        message = f"there is no work order {order_id}"
        raise UnknownWorkOrder(message)
    if order.kind is not WorkOrderKind.PAID_BUT_DARK or order.account_id is None:
        message = f"an order {order.kind} has no code: nobody is known to be owed supply there"
        raise NoSiteCode(message)
    if not masters:
        message = (
            "reconnection codes are not set up here: the ledger has no master secret; close the "
            "relay by other means"
        )
        raise SiteCodesNotSetUp(message)
    # Whoever cuts the account meanwhile does it before, and the order is closed, or after, and says
    # to the meter that this code is over.
    await unit.reconnections.hold_accounts([order.account_id])
    order = await unit.work_orders.lock(order_id)
    assert order is not None, "work orders are not deleted"
    if order.closing is not None:
        message = f"work order {order_id} is closed, since {order.closing.at:%Y-%m-%d %H:%M} UTC"
        raise NoSiteCode(message)
    code = await _code(unit, order, another=another, reading=reading)
    readings = await unit.site_codes.read(code.id, reading)
    codes = codes_of(masters, meter_id=code.meter_id, counter=code.counter)
    return ShownCode(code, codes, tuple(readings))


async def _code(unit: Unit, order: WorkOrder, *, another: bool, reading: Reading) -> SiteCode:
    known = await unit.site_codes.of_order(order.id)
    if known and not another:
        return known[0]
    if len(known) == OF_ORDER_MAX:
        message = f"{OF_ORDER_MAX} codes were given out for work order {order.id}: no more are"
        raise TooManySiteCodes(message)
    counters = await unit.site_codes.next_counters([order.meter_id])
    code = SiteCode(
        id=new_id(),
        order_id=order.id,
        meter_id=order.meter_id,
        counter=counters[order.meter_id],
        issued_at=reading.at,
    )
    await unit.site_codes.add(code)
    return code
