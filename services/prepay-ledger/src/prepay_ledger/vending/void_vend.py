"""Use case: a sale is taken back within its business day, with all that it did."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.vending.drawer import check_drawer, move_cash
from prepay_ledger.vending.ports import Unit
from prepay_ledger.vending.refusals import BusinessDayOver, UnknownVend, VoidedBefore
from prepay_ledger.vending.rules import sold
from prepay_ledger.vending.take_vend import seller_of
from prepay_ledger.vending.values import Vend, Vendor, Void
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidOrder:
    """Who asks for it, under which Idempotency-Key, and why. ``supervises``: also sales of vendors
    that the person does not sell for."""

    key: str
    who: str
    supervises: bool
    reason: str


class VoidVend:
    """Takes a sale back: what the account got, what debts were paid of it, and the vendor's float
    are as if it had not been."""

    def __init__(self, *, take_movement: TakeMovement, zone: ZoneInfo) -> None:
        self._take_movement = take_movement
        self._zone = zone

    async def __call__(self, unit: Unit, *, vend_id: UUID, asked: VoidOrder, now: datetime) -> Vend:
        """The sale, void. The same again under the same key is answered the same.

        Raises `UnknownVend`, `NotASeller`, `VoidedBefore`, `BusinessDayOver` or `DrawerCounted`.
        """
        found = await unit.vends.find(vend_id)
        own = None if asked.supervises else await seller_of(unit, asked.who)
        if found is None or (own is not None and own.id != found.vendor_id):
            message = f"there is no sale {vend_id} of yours"
            raise UnknownVend(message)
        vendor = own or await unit.vendors.lock(found.vendor_code)
        vend = await unit.vends.find(vend_id)
        assert vendor is not None, "whoever sold is there"
        assert vend is not None, "a sale stays"
        if vend.void is not None:
            return _repeated(vend, vend.void, asked)
        today = now.astimezone(self._zone).date()
        if today != vend.business_day:
            message = (
                f"sale {vend.order.key} is of {vend.business_day}, and that day is over: it is not "
                "voided any more; give the money back by a refund"
            )
            raise BusinessDayOver(message)
        return await self.take_back(unit, vendor, vend, asked, now=now)

    async def take_back(
        self, unit: Unit, vendor: Vendor, vend: Vend, asked: VoidOrder, *, now: datetime
    ) -> Vend:
        """Of a vendor whose row is locked. Debts are owed again that it paid, and cash leaves the
        drawer of who sold, whoever voids. Raises `DrawerCounted`."""
        order = vend.order
        for person in {vend.sold_by, asked.who}:
            await check_drawer(unit, vendor, person, on=vend.business_day)
        void_id = new_id()
        told = Told(
            kind=Kind.REVERSED,
            type="vend.voided",
            payment_id=order.key,
            movement_id=str(void_id),
            account_number=order.account_number,
            amount_micro=order.amount_micro,
            currency=vend.currency,
            at=now,
        )
        await self._take_movement(unit, provider=vendor.provider, told=told, now=now)
        after = await unit.balances.account(vend.account_id)
        assert after is not None, "it is locked"
        void = Void(
            id=void_id,
            key=asked.key,
            who=asked.who,
            reason=asked.reason,
            balance_micro=after.balance_micro,
            at=now,
        )
        await unit.vends.add_void(vend, void, business_day=vend.business_day)
        await unit.vendors.put_sold(sold(vendor, -order.amount_micro, on=vend.business_day))
        await move_cash(
            unit,
            vendor,
            tender=order.tender,
            seller=vend.sold_by,
            business_day=vend.business_day,
            amount_micro=-order.amount_micro,
        )
        return replace(vend, void=void)


def _repeated(vend: Vend, void: Void, asked: VoidOrder) -> Vend:
    if (void.key, void.who, void.reason) != (asked.key, asked.who, asked.reason):
        message = (
            f"sale {vend.order.key} was voided at {void.at:%Y-%m-%d %H:%M} UTC by {void.who} "
            f"({void.reason}); nothing was changed"
        )
        raise VoidedBefore(message)
    return vend
