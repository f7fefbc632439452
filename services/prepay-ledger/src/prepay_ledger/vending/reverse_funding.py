"""Use case: money of a vendor was told of, and did not come or came otherwise: it is taken off."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import Journal, clearing
from prepay_ledger.vending.acts import act_of_reversal, funding_id_of, key_of, vendor_of
from prepay_ledger.vending.fund_vendor import HELD_AS, FundingUnit
from prepay_ledger.vending.open_vendor import locked_vendor
from prepay_ledger.vending.refusals import FundingReversed, UnknownFunding
from prepay_ledger.vending.values import Funding, FundingReversal, Vendor
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalOrder:
    """Who asks for it, under which Idempotency-Key, and why."""

    key: str
    who: str
    reason: str
    at: datetime


async def reverse_funding(
    *,
    unit: FundingUnit,
    code: str,
    funding_id: UUID,
    asked: ReversalOrder,
    terms: ApprovalTerms,
) -> Funding | Proposal:
    """The funding, reversed by the opposite journal; of much money the proposal that waits for one
    person more. The float may fall below zero: then nothing is sold beyond the credit limit. The
    same again under the same key changes nothing. Raises `UnknownVendor`, `UnknownFunding`,
    `FundingReversed`, `NeedsSecondPerson`, `KeyUsedBefore` or `AnotherWaits`."""
    vendor = await locked_vendor(unit, code)
    funding = await _funding(unit, vendor, funding_id)
    if funding.reversal is not None:
        return _repeated(funding, funding.reversal, asked)
    _check_told_not(funding, asked.who)
    act = act_of_reversal(vendor, funding, key=asked.key)
    waiting = await proposed_before(unit=unit, act=act, who=asked.who)
    if waiting is not None:
        return waiting
    decided = Decided(by=asked.who, reason=asked.reason, at=asked.at)
    if await takes_two(unit=unit, act=act, about=[vendor.provider], terms=terms, decided=decided):
        return await propose(unit=unit, act=act, decided=decided, term=terms.term)
    return await _reverse(unit, vendor, funding, asked)


async def carry_out_reversal(unit: FundingUnit, proposal: Proposal, *, approved: Decided) -> None:
    """What one person more has approved, who did not tell of it either. Raises `FundingReversed`
    where it was meanwhile, or `NeedsSecondPerson`."""
    act, by = proposal.act, proposal.proposed
    vendor = await locked_vendor(unit, vendor_of(act))
    funding = await _funding(unit, vendor, funding_id_of(act))
    asked = ReversalOrder(key=key_of(act), who=by.by, reason=by.reason, at=approved.at)
    if funding.reversal is not None:
        _repeated(funding, funding.reversal, asked)
        return
    _check_told_not(funding, approved.by)
    await _reverse(unit, vendor, funding, asked)


async def _funding(unit: FundingUnit, vendor: Vendor, funding_id: UUID) -> Funding:
    funding = await unit.vendors.funding_of(vendor.id, funding_id)
    if funding is None:
        message = f"vendor {vendor.code} has no funding {funding_id}"
        raise UnknownFunding(message)
    return funding


def _check_told_not(funding: Funding, who: str) -> None:
    """Raises `NeedsSecondPerson`."""
    if who == funding.who:
        message = (
            f"funding {funding.id} was told by {funding.who}: somebody else has to reverse it, and "
            "to approve that; nothing was changed"
        )
        raise NeedsSecondPerson(message)


async def _reverse(
    unit: FundingUnit, vendor: Vendor, funding: Funding, asked: ReversalOrder
) -> Funding:
    journal_id, _ = await unit.journals.post(
        Journal(
            kind="vendor-funding-reversed",
            source=f"{vendor.provider}/{funding.key}",
            currency=vendor.currency,
            entries=(),
            postings={
                clearing(vendor.provider): -funding.amount_micro,
                HELD_AS[funding.means]: funding.amount_micro,
            },
        ),
        at=asked.at,
    )
    reversal = FundingReversal(
        id=new_id(),
        key=asked.key,
        who=asked.who,
        reason=asked.reason,
        journal_id=journal_id,
        at=asked.at,
    )
    await unit.vendors.add_reversal(funding.id, reversal)
    await unit.vendors.put_sold(
        replace(vendor, balance_micro=vendor.balance_micro - funding.amount_micro)
    )
    return replace(funding, reversal=reversal)


def _repeated(funding: Funding, done: FundingReversal, asked: ReversalOrder) -> Funding:
    if (done.key, done.who, done.reason) != (asked.key, asked.who, asked.reason):
        message = (
            f"funding {funding.id} was reversed at {done.at:%Y-%m-%d %H:%M} UTC by {done.who} "
            f"({done.reason}); nothing was changed"
        )
        raise FundingReversed(message)
    return funding
