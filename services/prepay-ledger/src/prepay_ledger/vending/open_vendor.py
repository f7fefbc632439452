"""Use cases: a point of sale is opened, people begin and end selling for it."""

from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.vending.ports import HasVendors
from prepay_ledger.vending.refusals import (
    DutiesNotSeparate,
    NotASeller,
    SellsElsewhere,
    UnknownVendor,
    VendorExists,
)
from prepay_ledger.vending.values import Vendor, VendorStep
from prewatt_common.refusals import NeedsSecondPerson

OPENED, LIMITS, LIMITS_APPROVED = "opened", "limits", "limits-approved"
"""Steps by which somebody decides about a vendor."""


async def open_vendor(
    *, unit: HasVendors, vendor: Vendor, step: VendorStep, terms: ApprovalTerms
) -> Vendor:
    """The vendor as it stands. The same again changes nothing. Raises `VendorExists`, or
    `NeedsSecondPerson` where it is to have much credit from the start."""
    if await unit.vendors.add(vendor):
        if terms.needs_two(vendor.limits.credit_limit_micro):
            message = (
                f"a credit limit of {vendor.limits.credit_limit_micro} micro-units takes two "
                f"people: open {vendor.code} with less, then set its limits; nothing was changed"
            )
            raise NeedsSecondPerson(message)
        await unit.vendors.add_step(vendor.id, step)
        return vendor
    there = await locked_vendor(unit, vendor.code)
    if (there.name, there.kind, there.currency, there.limits) != (
        vendor.name,
        vendor.kind,
        vendor.currency,
        vendor.limits,
    ):
        message = f"vendor {vendor.code} is there already, otherwise: change its limits instead"
        raise VendorExists(message)
    return there


async def add_seller(*, unit: HasVendors, code: str, subject: str, step: VendorStep) -> None:
    """The person sells for the vendor from now on. The same again changes nothing. Raises
    `UnknownVendor`, `DutiesNotSeparate` or `SellsElsewhere`."""
    vendor = await locked_vendor(unit, code)
    if subject == step.who or await unit.vendors.has_decided(vendor.id, subject):
        message = (
            f"{subject} decides about {code}, so somebody else has to sell for it; nothing was "
            "changed"
        )
        raise DutiesNotSeparate(message)
    elsewhere = await unit.vendors.add_seller(vendor.id, subject)
    if elsewhere == code:
        return
    if elsewhere is not None:
        message = f"{subject} sells for {elsewhere}: end that first; nothing was changed"
        raise SellsElsewhere(message)
    await unit.vendors.add_step(vendor.id, step)


async def remove_seller(*, unit: HasVendors, code: str, subject: str, step: VendorStep) -> None:
    """The person sells for it no longer. Raises `UnknownVendor` or `NotASeller`."""
    vendor = await locked_vendor(unit, code)
    if not await unit.vendors.remove_seller(vendor.id, subject):
        message = f"{subject} does not sell for {code}; nothing was changed"
        raise NotASeller(message)
    await unit.vendors.add_step(vendor.id, step)


async def check_sells_not(unit: HasVendors, vendor: Vendor, who: str) -> None:
    """Of a vendor whose row is locked: nobody decides about a vendor whom it has among its sellers.
    Raises `DutiesNotSeparate`."""
    if await unit.vendors.sells_for(who) == vendor.id:
        message = (
            f"{who} sells for {vendor.code}, so somebody else has to decide about it; nothing was "
            "changed"
        )
        raise DutiesNotSeparate(message)


async def locked_vendor(unit: HasVendors, code: str) -> Vendor:
    """The vendor, its row locked. Raises `UnknownVendor`."""
    vendor = await unit.vendors.lock(code)
    if vendor is None:
        message = f"there is no vendor {code}"
        raise UnknownVendor(message)
    return vendor
