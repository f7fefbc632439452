"""What of points of sale may wait for a second person, as it is proposed and read back: pure."""

from uuid import UUID

from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.vending.values import Funding, Limits, Means, Vendor
from prewatt_common.ids import new_id


def raises_credit(terms: ApprovalTerms, before: Limits, after: Limits) -> bool:
    """Whether more than before may be sold that was not paid for, and that much: closing a point of
    sale, or lending it less, never waits."""
    more = after.credit_limit_micro > before.credit_limit_micro
    return more and terms.needs_two(after.credit_limit_micro)


def act_of_limits(vendor: Vendor, limits: Limits) -> Act:
    """With the limits that stand, so that what was decided meanwhile is seen at the approval."""
    return Act(
        kind=ActKind.VENDOR_LIMITS,
        subject=vendor.code,
        key=None,
        parameters={
            **_limits("", limits),
            **_limits("before_", vendor.limits),
        },
        amount_micro=limits.credit_limit_micro,
        currency=vendor.currency,
    )


def limits_of(act: Act) -> tuple[Limits, Limits]:
    """Those that stood, and those that are proposed."""
    return _read("before_", act), _read("", act)


def act_of_funding(vendor: Vendor, asked: Funding) -> Act:
    """About the slip, which is paid in once while it stands."""
    return Act(
        kind=ActKind.VENDOR_FUNDING,
        subject=f"{vendor.code}/{asked.means}/{asked.reference}",
        key=f"{vendor.code}/{asked.key}",
        parameters={
            "vendor": vendor.code,
            "key": asked.key,
            "amount_micro": asked.amount_micro,
            "means": asked.means.value,
            "reference": asked.reference,
        },
        amount_micro=asked.amount_micro,
        currency=vendor.currency,
    )


def funding_of(proposal: Proposal) -> Funding:
    """As its proposer told of it, under a new id."""
    act, by = proposal.act, proposal.proposed
    return Funding(
        id=new_id(),
        key=key_of(act),
        amount_micro=int(act.parameters["amount_micro"]),
        means=Means(str(act.parameters["means"])),
        reference=str(act.parameters["reference"]),
        who=by.by,
        journal_id=0,
        at=by.at,
    )


def act_of_reversal(vendor: Vendor, funding: Funding, *, key: str) -> Act:
    """About the funding."""
    return Act(
        kind=ActKind.VENDOR_FUNDING_REVERSAL,
        subject=str(funding.id),
        key=f"{vendor.code}/{key}",
        parameters={"vendor": vendor.code, "key": key, "funding_id": str(funding.id)},
        amount_micro=funding.amount_micro,
        currency=vendor.currency,
    )


def vendor_of(act: Act) -> str:
    """The code of whom a funding, or its reversal, is about."""
    return str(act.parameters["vendor"])


def key_of(act: Act) -> str:
    """The Idempotency-Key, which a vendor has once."""
    return str(act.parameters["key"])


def funding_id_of(act: Act) -> UUID:
    """Which one is to be reversed."""
    return UUID(str(act.parameters["funding_id"]))


def _limits(before: str, limits: Limits) -> dict[str, int | bool]:
    return {
        f"{before}day_limit_micro": limits.day_limit_micro,
        f"{before}credit_limit_micro": limits.credit_limit_micro,
        f"{before}is_open": limits.is_open,
    }


def _read(before: str, act: Act) -> Limits:
    given = act.parameters
    return Limits(
        day_limit_micro=int(given[f"{before}day_limit_micro"]),
        credit_limit_micro=int(given[f"{before}credit_limit_micro"]),
        is_open=bool(given[f"{before}is_open"]),
    )
