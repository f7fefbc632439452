"""What an agreement may say, and what it allows: pure."""

from datetime import UTC, datetime

from prepay_ledger.cut_lists.rules import list_not_after, missing_listing
from prepay_ledger.prepay_agreements.values import (
    Grounds,
    Lawful,
    PrepayAgreement,
    PrepayTerms,
    Refused,
)
from prepay_ledger.procedures.rules import cut_not_after, missing_steps
from prepay_ledger.procedures.values import Shortfall
from prewatt_common.contracts.procedure_v1 import Mode


def may_cut(
    agreement: PrepayAgreement | None, *, at: datetime, balance_micro: int
) -> Refused | None:
    """Why the agreement, the account's newest that has begun, forbids to cut by itself at ``at``;
    none: it allows it."""
    if agreement is None:
        return Refused.NO_AGREEMENT
    terms = agreement.terms
    if at < terms.valid_from:
        return Refused.NOT_YET
    if terms.is_ended:
        return Refused.ENDED
    if balance_micro > terms.cut_micro:
        return Refused.ABOVE_CUT_THRESHOLD
    return None


def is_prepaid(agreement: PrepayAgreement | None) -> bool:
    """Whether the account's newest agreement that has begun is about prepayment, and holds."""
    return (
        agreement is not None
        and not agreement.terms.is_ended
        and agreement.terms.mode is Mode.PREPAY
    )


def lawful(grounds: Grounds, *, short: Shortfall, balance_micro: int, now: datetime) -> Lawful:
    """Whether a cut at ``now`` has what it must rest on, and if so until when."""
    agreement, published, evidence, listed = grounds
    refused = may_cut(agreement, at=now, balance_micro=balance_micro)
    if refused is None and published is None:
        refused = Refused.NO_PROCEDURE
    if refused is not None or agreement is None or published is None:
        return Lawful(refused)
    procedure, customer_class = published.procedure, agreement.terms.customer_class
    missing = missing_steps(
        procedure, customer_class=customer_class, evidence=evidence, short=short, now=now
    )
    listing = missing_listing(procedure, listed, now=now)
    if listing is not None:
        missing = (*missing, listing)
    if missing:
        times = [each.earliest for each in missing if each.earliest is not None]
        return Lawful(missing=missing, again_at=max(times) if len(times) == len(missing) else None)
    ends = (
        cut_not_after(
            procedure, customer_class=customer_class, evidence=evidence, short=short, now=now
        ),
        list_not_after(procedure, listed, now=now),
    )
    return Lawful(not_after=min((each for each in ends if each is not None), default=None))


def wrong_terms(  # noqa: PLR0911 - one contradiction a line
    terms: PrepayTerms, *, before: PrepayAgreement | None, now: datetime
) -> str | None:
    """Why these cannot be the account's next version, in words; none where they can. ``before``:
    the last one, begun or not."""
    if terms.signed_at > now:
        return f"it would be signed at {_shown(terms.signed_at)}, which is yet to come"
    if terms.valid_from < terms.signed_at:
        return (
            f"it would hold from {_shown(terms.valid_from)}, before it was signed at "
            f"{_shown(terms.signed_at)}"
        )
    if terms.cut_micro > -terms.overdraft_micro:
        return (
            f"supply would be cut at {terms.cut_micro} micro-units, though an overdraft of "
            f"{terms.overdraft_micro} is agreed: cut_micro is {-terms.overdraft_micro} at most"
        )
    if terms.warning_micro < terms.cut_micro:
        return (
            f"the customer would be warned at {terms.warning_micro} micro-units, below the cut at "
            f"{terms.cut_micro}"
        )
    if not terms.contacts and not terms.is_ended:
        return "it names no contact by which the customer is to be warned"
    if before is not None and terms.valid_from <= before.terms.valid_from:
        return (
            f"version {before.version} holds from {_shown(before.terms.valid_from)}: the next one "
            "begins later, so that no two hold at once"
        )
    return None


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
