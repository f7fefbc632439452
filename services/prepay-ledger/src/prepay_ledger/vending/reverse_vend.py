"""Use case: a vendor whose sale was not answered has it reversed by its own key, sold or not."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from prepay_ledger.vending.open_vendor import locked_vendor
from prepay_ledger.vending.ports import Unit
from prepay_ledger.vending.refusals import BusinessDayOver
from prepay_ledger.vending.take_vend import seller_of
from prepay_ledger.vending.values import Bar, Vend
from prepay_ledger.vending.void_vend import VoidOrder, VoidVend

LATE = timedelta(minutes=15)
"""So long after a sale it is reversed on the next business day too: an answer may be lost at
midnight."""


class ReverseVend:
    """After it the sale does not stand, and cannot: one that comes later is refused."""

    def __init__(self, *, void_vend: VoidVend, zone: ZoneInfo) -> None:
        self._void_vend = void_vend
        self._zone = zone

    async def __call__(
        self, unit: Unit, *, key: str, asked_by: str, reason: str, now: datetime
    ) -> Vend | None:
        """The sale of that key, void; none: it had not come, and is refused from now on. The same
        again changes nothing. Raises `NotASeller`, `BusinessDayOver`
        or `DrawerCounted`."""
        vendor = await seller_of(unit, asked_by)
        vend = await unit.vends.by_key(vendor.id, key, seller=asked_by)
        if vend is not None and vend.vendor_id != vendor.id:
            # Sold before the person was moved. Two reversals that cross so are ended by the
            # database's deadlock check, and asked again.
            vendor = await locked_vendor(unit, vend.vendor_code)
            vend = await unit.vends.find(vend.id)
        if vend is None:
            await unit.vends.bar(vendor.id, Bar(key=key, who=asked_by, reason=reason, at=now))
            return None
        if vend.void is not None:
            return vend
        today = now.astimezone(self._zone).date()
        if today != vend.business_day and now - vend.at > LATE:
            message = (
                f"sale {key} is of {vend.business_day}, and that day is over: it is not reversed "
                "any more; name it in the account check of that day"
            )
            raise BusinessDayOver(message)
        # A name that no other void has: the sale has only one.
        asked = VoidOrder(key=str(vend.id), who=asked_by, supervises=False, reason=reason)
        return await self._void_vend.take_back(unit, vendor, vend, asked, now=now)
