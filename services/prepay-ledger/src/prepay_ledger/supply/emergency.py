"""Emergency credit in a look at supply: whose it is asked for, and what holds a cut for it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.emergency_credits.rules import follow
from prepay_ledger.emergency_credits.values import NOTHING, Asked, Followed, Standing
from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.supply.decide import Held, Hold
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.values import SupplyView
from prewatt_common.ids import new_id

_NONE = Standing()


async def credits_of(
    unit: Unit,
    views: Sequence[SupplyView],
    policies: Mapping[UUID, PolicyInForce],
    *,
    now: datetime,
) -> Mapping[UUID, Standing]:
    """Of those accounts that may be offered one, or have one open; of nobody else it is asked."""
    concerned = [
        view.account.id
        for view in views
        if view.account.emergency_credit_micro
        or policies[view.account.id].terms.emergency_credit is not None
    ]
    if not concerned:
        return {}
    known = await unit.emergency_credits.standing(concerned, now=now)
    return {account_id: known.get(account_id, _NONE) for account_id in concerned}


def follow_credit(
    account: Account,
    standing: Standing | None,
    policy: PolicyInForce,
    *,
    protected: bool,
    agreed: bool,
    now: datetime,
) -> Followed:
    """What is over, what is offered, and what holds a cut meanwhile. ``standing``: none where
    nobody asks."""
    if standing is None:
        return NOTHING
    asked = Asked(
        account_id=account.id,
        balance_micro=account.balance_micro,
        overdraft_micro=account.overdraft_micro,
        protected=account.protected or protected,
        agreed=agreed,
    )
    terms = policy.terms.emergency_credit
    return follow(asked, terms, standing, new_id=new_id(), policy=policy.number, now=now)


def answer_hold(credit: Followed) -> Iterable[Hold]:
    """While the customer has the time to accept."""
    if credit.waits_until is not None:
        yield Hold(rule=Held.EMERGENCY_CREDIT_OFFERED, until=credit.waits_until)
