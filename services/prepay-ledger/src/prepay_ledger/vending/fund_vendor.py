"""Use case: money of a vendor has reached the utility, before its sales or after them."""

from dataclasses import replace
from typing import Protocol

from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Journal, UtilityAccount, clearing
from prepay_ledger.vending.open_vendor import check_sells_not, locked_vendor
from prepay_ledger.vending.ports import HasVendors
from prepay_ledger.vending.refusals import CashIsHandedOver, KeyUsedBefore, SlipPaidIn
from prepay_ledger.vending.values import Funding, Means, VendorKind

HELD_AS = {Means.BANK: UtilityAccount.BANK, Means.CASH: UtilityAccount.CASH}


class FundingUnit(HasVendors, HasJournals, Protocol):
    """A transaction in which a vendor pays in."""


async def fund_vendor(*, unit: FundingUnit, code: str, asked: Funding) -> Funding:
    """What was paid in, as it is kept: the journal is written here. The same again under the same
    key changes nothing. Raises `UnknownVendor`, `DutiesNotSeparate`, `KeyUsedBefore`,
    `SlipPaidIn` or `CashIsHandedOver`."""
    vendor = await locked_vendor(unit, code)
    await check_sells_not(unit, vendor, asked.who)
    known = await unit.vendors.funding(vendor.id, asked.key)
    if known is not None:
        if not known.tells(asked):
            message = (
                f"the Idempotency-Key {asked.key} came before with other money of {code}, which "
                f"stands: {known.amount_micro} micro-units by {known.means}, {known.reference}"
            )
            raise KeyUsedBefore(message)
        return known
    if vendor.kind is VendorKind.CASHIER and asked.means is Means.CASH:
        message = (
            f"{code} is a desk of the utility's: its cash is counted by day and handed over; "
            "nothing was changed"
        )
        raise CashIsHandedOver(message)
    first = await unit.vendors.standing(vendor.id, asked.means, asked.reference)
    if first is not None:
        message = (
            f"{asked.means} {asked.reference} of {code} was paid in before: funding {first.id}, "
            f"{first.amount_micro} micro-units, told by {first.who} at "
            f"{first.at:%Y-%m-%d %H:%M} UTC; nothing was changed"
        )
        raise SlipPaidIn(message)
    journal_id, _ = await unit.journals.post(
        Journal(
            kind="vendor-funding",
            source=f"{vendor.provider}/{asked.key}",
            currency=vendor.currency,
            entries=(),
            postings={
                clearing(vendor.provider): asked.amount_micro,
                HELD_AS[asked.means]: -asked.amount_micro,
            },
        ),
        at=asked.at,
    )
    funding = replace(asked, journal_id=journal_id)
    await unit.vendors.add_funding(vendor.id, funding)
    await unit.vendors.put_sold(
        replace(vendor, balance_micro=vendor.balance_micro + asked.amount_micro)
    )
    return funding
