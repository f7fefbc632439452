"""Use case: what a point of sale may sell is changed, or it is closed."""

from dataclasses import asdict, replace
from typing import Protocol

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.approvals.propose import propose
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.vending.acts import act_of_limits, limits_of, raises_credit
from prepay_ledger.vending.open_vendor import (
    LIMITS,
    LIMITS_APPROVED,
    check_sells_not,
    locked_vendor,
)
from prepay_ledger.vending.ports import HasVendors
from prepay_ledger.vending.refusals import LimitsChanged
from prepay_ledger.vending.values import Limits, Vendor, VendorStep


class LimitsUnit(HasVendors, HasProposals, Protocol):
    """A transaction in which a vendor's limits are changed."""


async def change_limits(
    *, unit: LimitsUnit, code: str, limits: Limits, step: VendorStep, terms: ApprovalTerms
) -> Vendor | Proposal:
    """The vendor as it stands, or the proposal that waits: much more credit takes two people. The
    same again changes nothing. Raises `UnknownVendor`, `DutiesNotSeparate` or `AnotherWaits`."""
    vendor = await locked_vendor(unit, code)
    await check_sells_not(unit, vendor, step.who)
    if vendor.limits == limits:
        return vendor
    if raises_credit(terms, vendor.limits, limits):
        decided = Decided(by=step.who, reason=step.reason, at=step.at)
        return await propose(
            unit=unit, act=act_of_limits(vendor, limits), decided=decided, term=terms.term
        )
    await unit.vendors.put_limits(vendor.id, limits)
    await unit.vendors.add_step(vendor.id, replace(step, decided=asdict(limits)))
    return replace(vendor, limits=limits)


async def carry_out_limits(unit: LimitsUnit, proposal: Proposal, *, approved: Decided) -> None:
    """What a second person has approved. Both have decided about the vendor by then, so neither may
    sell for it. Raises `DutiesNotSeparate`, or `LimitsChanged` where others hold by now."""
    vendor = await locked_vendor(unit, proposal.act.subject)
    before, limits = limits_of(proposal.act)
    if vendor.limits != before:
        message = (
            f"the limits of {vendor.code} were changed since proposal {proposal.id}: refuse it, "
            "and propose what is to hold now; nothing was changed"
        )
        raise LimitsChanged(message)
    await unit.vendors.put_limits(vendor.id, limits)
    for action, by in ((LIMITS, proposal.proposed), (LIMITS_APPROVED, approved)):
        await check_sells_not(unit, vendor, by.by)
        step = VendorStep(
            action=action, decided=asdict(limits), who=by.by, reason=by.reason, at=approved.at
        )
        await unit.vendors.add_step(vendor.id, step)
