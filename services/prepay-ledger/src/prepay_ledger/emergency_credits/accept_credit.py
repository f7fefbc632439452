"""Use case: a customer accepts emergency credit, by an app, an SMS word, a call or at a desk."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.emergency_credits.ports import Unit, UnitT
from prepay_ledger.emergency_credits.refusals import EmergencyCreditRefused, KeyUsedBefore
from prepay_ledger.emergency_credits.rules import accepted, offered, why_no_use, why_not
from prepay_ledger.emergency_credits.tell_credit import credit_event
from prepay_ledger.emergency_credits.values import (
    Acceptance,
    Asked,
    CreditState,
    EmergencyCredit,
    Refused,
    Standing,
)
from prepay_ledger.facts.tell import tell
from prepay_ledger.prepay_agreements.rules import is_prepaid
from prepay_ledger.prepay_agreements.values import class_of
from prewatt_common.contracts.emergency_credit_v1 import EmergencyCreditAccepted
from prewatt_common.ids import new_id

_WHY: Mapping[Refused, str] = {
    Refused.NOT_IN_POLICY: "the policy offers no emergency credit to it",
    Refused.AGREEMENT_FORBIDS: "no agreement about prepayment is in force",
    Refused.PROTECTED: "it is protected and is not cut",
    Refused.NOT_OFFERED: "its balance of {balance} micro-units is above the point at which it is "
    "offered",
    Refused.USED_ALREADY: "it was accepted before and is not repaid, or as often as the policy "
    "allows",
    Refused.TOO_LITTLE: "its balance of {balance} micro-units is lower than the credit would reach:"
    " only a payment helps",
}


class Situation(NamedTuple):
    """An account's emergency credit as it stands. ``refused``: why there is none to accept."""

    credit: EmergencyCredit | None
    refused: Refused | None


async def accept_credit(
    *,
    unit: UnitT,
    review: Callable[[UnitT, Sequence[UUID], datetime], Awaitable[None]],
    account_id: UUID,
    acceptance: Acceptance,
) -> EmergencyCredit:
    """For whom the customer has told, by whatever means. The supply is decided anew in the same
    transaction, so that nobody is cut between. One that would be offered, and was not yet, is
    offered and accepted at once. The same key again is answered the same. Raises `UnknownAccount`,
    `KeyUsedBefore` or `EmergencyCreditRefused`."""
    now = acceptance.decided.at
    account = await unit.balances.lock(account_id)
    if account is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    before = await unit.emergency_credits.by_key(account_id, acceptance.key)
    if before is not None:
        return _repeated(before, acceptance)
    found = await situation(unit, account, now=now)
    if found.refused is not None:
        why = _WHY[found.refused].format(balance=account.balance_micro)
        message = (
            f"account {account.number} has no emergency credit to accept ({found.refused}): {why}"
        )
        raise EmergencyCreditRefused(message)
    assert found.credit is not None, "nothing speaks against it"
    credit = accepted(found.credit, acceptance)
    await unit.emergency_credits.put([credit])
    event = EmergencyCreditAccepted(
        emergency_credit_id=credit.id,
        account_id=account.id,
        amount_micro=credit.amount_micro,
        currency=account.currency,
        means=acceptance.means,
        by=acceptance.decided.by,
        reason=acceptance.decided.reason,
        at=now,
    )
    await tell(unit, [(str(account.id), str(credit.id), event)], acceptance.decided)
    await unit.publish([credit_event(credit, account, now=now)])
    await review(unit, [account.id], now)
    return credit


async def situation(unit: Unit, account: Account, *, now: datetime) -> Situation:
    """What is open, or would be offered now; or why nothing is."""
    signed = (await unit.prepay_agreements.in_force([account.id], at=now)).get(account.id)
    policy = (await unit.policies.book()).in_force(class_of(signed), at=now)
    protection = (await unit.protections.standing([account.id], now=now)).get(account.id)
    asked = Asked(
        account_id=account.id,
        balance_micro=account.balance_micro,
        overdraft_micro=account.overdraft_micro,
        protected=account.protected
        or policy.terms.protected
        or bool(protection and protection.kinds),
        agreed=is_prepaid(signed),
    )
    standing = await unit.emergency_credits.standing([account.id], now=now)
    of_it, terms = standing.get(account.id, Standing()), policy.terms.emergency_credit
    credit = of_it.open
    refused: Refused | None
    if credit is None:
        refused = why_not(asked, terms, of_it, now=now)
        if refused is None and terms is not None:
            credit = offered(asked, terms, credit_id=new_id(), policy=policy.number, now=now)
    elif credit.state is CreditState.ACCEPTED:
        refused = Refused.USED_ALREADY
    else:
        refused = why_no_use(asked, amount_micro=credit.amount_micro, at_micro=credit.point_micro)
    return Situation(credit, refused)


def _repeated(before: EmergencyCredit, acceptance: Acceptance) -> EmergencyCredit:
    assert before.acceptance is not None, "it was found by the key of its acceptance"
    if before.acceptance.means is not acceptance.means:
        message = (
            f"the Idempotency-Key {acceptance.key} came before, by {before.acceptance.means}; that "
            "acceptance stands"
        )
        raise KeyUsedBefore(message)
    return before
