"""What a sale does to a cashier's drawer: cash at a utility's own desk is counted by day."""

from datetime import date

from prepay_ledger.vending.ports import HasDrawers
from prepay_ledger.vending.refusals import DrawerCounted, EarlierDayOpen
from prepay_ledger.vending.values import Tender, Vendor, VendorKind


async def check_drawer(unit: HasDrawers, vendor: Vendor, seller: str, *, on: date) -> None:
    """Raises `DrawerCounted` where the person's day is over at that desk."""
    if vendor.kind is not VendorKind.CASHIER:
        return
    if await unit.drawers.is_counted(vendor.id, seller, on):
        message = (
            f"{seller} has counted {on} at {vendor.code}: nothing is sold or voided in that drawer "
            "on that day any more; nothing was changed"
        )
        raise DrawerCounted(message)


async def check_earlier_days(unit: HasDrawers, vendor: Vendor, seller: str, *, today: date) -> None:
    """Raises `EarlierDayOpen` where the person has cash of an earlier day that nobody counted."""
    if vendor.kind is not VendorKind.CASHIER:
        return
    earliest = await unit.drawers.earliest_open(seller, before=today)
    if earliest is not None:
        message = (
            f"{seller} has not counted the cash of {earliest}: count that day first, then sell; "
            "nothing was taken"
        )
        raise EarlierDayOpen(message)


async def move_cash(
    unit: HasDrawers,
    vendor: Vendor,
    *,
    tender: Tender,
    seller: str,
    business_day: date,
    amount_micro: int,
) -> None:
    """Into the drawer of who sold, or out of it where it is below zero; cash alone."""
    if vendor.kind is VendorKind.CASHIER and tender is Tender.CASH:
        await unit.drawers.move(
            vendor, seller=seller, business_day=business_day, amount_micro=amount_micro
        )
