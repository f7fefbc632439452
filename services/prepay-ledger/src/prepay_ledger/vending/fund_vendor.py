"""Use case: money of a vendor has reached the utility, before its sales or after them."""

from dataclasses import replace
from typing import Protocol

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Journal, UtilityAccount, clearing
from prepay_ledger.vending.acts import act_of_funding, funding_of, vendor_of
from prepay_ledger.vending.open_vendor import check_sells_not, locked_vendor
from prepay_ledger.vending.ports import HasVendors
from prepay_ledger.vending.refusals import CashIsHandedOver, KeyUsedBefore, SlipPaidIn
from prepay_ledger.vending.values import Funding, Means, Vendor, VendorKind

HELD_AS = {Means.BANK: UtilityAccount.BANK, Means.CASH: UtilityAccount.CASH}


class FundingUnit(HasVendors, HasJournals, HasProposals, Protocol):
    """A transaction in which a vendor pays in."""


async def fund_vendor(
    *, unit: FundingUnit, code: str, asked: Funding, terms: ApprovalTerms
) -> Funding | Proposal:
    """What was paid in, as it is kept: the journal is written here. Of much money the proposal that
    waits for a second person. The same again under the same key changes nothing. Raises
    `UnknownVendor`, `DutiesNotSeparate`, `KeyUsedBefore`, `SlipPaidIn`, `CashIsHandedOver` or
    `AnotherWaits`."""
    vendor = await locked_vendor(unit, code)
    await check_sells_not(unit, vendor, asked.who)
    known = await _known(unit, vendor, asked)
    if known is not None:
        return known
    act = act_of_funding(vendor, asked)
    waiting = await proposed_before(unit=unit, act=act, who=asked.who)
    if waiting is not None:
        return waiting
    await _check_slip(unit, vendor, asked)
    why = f"{asked.means} {asked.reference} was paid in"
    decided = Decided(by=asked.who, reason=why, at=asked.at)
    if await takes_two(unit=unit, act=act, about=[vendor.provider], terms=terms, decided=decided):
        return await propose(unit=unit, act=act, decided=decided, term=terms.term)
    return await _pay_in(unit, vendor, asked)


async def carry_out_funding(unit: FundingUnit, proposal: Proposal, *, approved: Decided) -> None:
    """What a second person has approved. Raises `DutiesNotSeparate`, `KeyUsedBefore` or
    `SlipPaidIn`."""
    vendor = await locked_vendor(unit, vendor_of(proposal.act))
    asked = replace(funding_of(proposal), at=approved.at)
    for who in (asked.who, approved.by):
        await check_sells_not(unit, vendor, who)
    await _known(unit, vendor, asked)
    await _check_slip(unit, vendor, asked)
    await _pay_in(unit, vendor, asked)


async def _known(unit: FundingUnit, vendor: Vendor, asked: Funding) -> Funding | None:
    """The one under that key. Raises `KeyUsedBefore`."""
    known = await unit.vendors.funding(vendor.id, asked.key)
    if known is not None and not known.tells(asked):
        message = (
            f"the Idempotency-Key {asked.key} came before with other money of {vendor.code}, which "
            f"stands: {known.amount_micro} micro-units by {known.means}, {known.reference}"
        )
        raise KeyUsedBefore(message)
    return known


async def _check_slip(unit: FundingUnit, vendor: Vendor, asked: Funding) -> None:
    """Raises `CashIsHandedOver` or `SlipPaidIn`."""
    if vendor.kind is VendorKind.CASHIER and asked.means is Means.CASH:
        message = (
            f"{vendor.code} is a desk of the utility's: its cash is counted by day and handed "
            "over; nothing was changed"
        )
        raise CashIsHandedOver(message)
    first = await unit.vendors.standing(vendor.id, asked.means, asked.reference)
    if first is not None:
        message = (
            f"{asked.means} {asked.reference} of {vendor.code} was paid in before: funding "
            f"{first.id}, {first.amount_micro} micro-units, told by {first.who} at "
            f"{first.at:%Y-%m-%d %H:%M} UTC; nothing was changed"
        )
        raise SlipPaidIn(message)


async def _pay_in(unit: FundingUnit, vendor: Vendor, asked: Funding) -> Funding:
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
