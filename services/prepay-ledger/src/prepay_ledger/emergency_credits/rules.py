"""When emergency credit is offered, what of it is used, and when it is over: pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.emergency_credits.values import (
    Acceptance,
    Asked,
    CreditState,
    EmergencyCredit,
    Followed,
    Refused,
    Standing,
)
from prewatt_common.contracts.supply_credit_v1 import EmergencyCredit as Terms


def point_micro(terms: Terms, *, overdraft_micro: int) -> int:
    """The balance at or below which it is offered: no more than ``offered_at_micro`` may be used
    then, the overdraft included."""
    return terms.offered_at_micro - overdraft_micro


def why_not(
    asked: Asked, terms: Terms | None, standing: Standing, *, now: datetime
) -> Refused | None:
    """Why none is offered to an account that has none open; none: it is."""
    if terms is None:
        return Refused.NOT_IN_POLICY
    refused = why_no_use(
        asked,
        amount_micro=terms.amount_micro,
        at_micro=point_micro(terms, overdraft_micro=asked.overdraft_micro),
    )
    if refused is not None:
        return refused
    since = now - timedelta(days=terms.accepted_max_days)
    if sum(at > since for at in standing.accepted_at) >= terms.accepted_max:
        return Refused.USED_ALREADY
    return None


def why_no_use(asked: Asked, *, amount_micro: int, at_micro: int) -> Refused | None:
    """Why the account has no use for so much, offered at or below that balance."""
    if not asked.agreed:
        return Refused.AGREEMENT_FORBIDS
    if asked.protected:
        return Refused.PROTECTED
    if asked.balance_micro > at_micro:
        return Refused.NOT_OFFERED
    if asked.balance_micro <= -(asked.overdraft_micro + amount_micro):
        return Refused.TOO_LITTLE
    return None


def offered(
    asked: Asked, terms: Terms, *, credit_id: UUID, policy: int, now: datetime
) -> EmergencyCredit:
    """To an account that nothing speaks against."""
    return EmergencyCredit(
        id=credit_id,
        account_id=asked.account_id,
        amount_micro=terms.amount_micro,
        point_micro=point_micro(terms, overdraft_micro=asked.overdraft_micro),
        policy=policy,
        offered_at=now,
    )


def accepted(credit: EmergencyCredit, acceptance: Acceptance) -> EmergencyCredit:
    """By its customer."""
    return replace(credit, state=CreditState.ACCEPTED, acceptance=acceptance)


def is_over(credit: EmergencyCredit, *, balance_micro: int, overdraft_micro: int) -> bool:
    """The balance is above the point at which it was offered, and nothing of it is used."""
    return balance_micro > max(credit.point_micro, -overdraft_micro)


def over(credit: EmergencyCredit, *, now: datetime) -> EmergencyCredit:
    """The next one may be offered."""
    is_accepted = credit.state is CreditState.ACCEPTED
    state = CreditState.ENDED if is_accepted else CreditState.LAPSED
    return replace(credit, state=state, over_at=now)


def used_micro(*, balance_micro: int, overdraft_micro: int, credit_micro: int) -> int:
    """What of an accepted credit is used: what the balance is below the overdraft.

    >>> [used_micro(balance_micro=each, overdraft_micro=2, credit_micro=5) for each in (0, -3, -9)]
    [0, 1, 5]
    """
    return min(credit_micro, max(0, -balance_micro - overdraft_micro))


def follow(
    asked: Asked,
    terms: Terms | None,
    standing: Standing,
    *,
    new_id: UUID,
    policy: int,
    now: datetime,
) -> Followed:
    """What is over by the balance of now, what is offered by it, and at which balances to look
    again. What was accepted stays as it was accepted, whatever the policy says by now; what is
    only offered is not held to a policy that offers none any more."""
    changed: EmergencyCredit | None = None
    credit = standing.open
    if credit is not None and is_over(
        credit, balance_micro=asked.balance_micro, overdraft_micro=asked.overdraft_micro
    ):
        changed, credit = over(credit, now=now), None
    may_be = credit is None and changed is None
    if may_be and terms is not None and why_not(asked, terms, standing, now=now) is None:
        changed = credit = offered(asked, terms, credit_id=new_id, policy=policy, now=now)
    if credit is None:
        at_micro = None
        if terms is not None:
            at_micro = point_micro(terms, overdraft_micro=asked.overdraft_micro)
        is_ahead = at_micro is not None and at_micro < asked.balance_micro
        return Followed(changed=changed, offer_at_micro=at_micro if is_ahead else None)
    over_above_micro = max(credit.point_micro, -asked.overdraft_micro)
    if credit.state is CreditState.ACCEPTED:
        return Followed(
            active_micro=credit.amount_micro, changed=changed, over_above_micro=over_above_micro
        )
    waits_until = None
    if terms is not None:
        until = credit.offered_at + timedelta(minutes=terms.wait_minutes)
        waits_until = until if now < until else None
    return Followed(changed=changed, waits_until=waits_until, over_above_micro=over_above_micro)
