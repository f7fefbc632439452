"""What the policy in force says to an account, by the class that it has signed for."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.prepay_agreements.ports import HasPrepayAgreements
from prepay_ledger.prepay_agreements.values import class_of


class Unit(HasPolicies, HasPrepayAgreements, Protocol):
    """A transaction that knows what was signed, and what the policy says."""


async def load_policy(unit: Unit, account_id: UUID, *, at: datetime) -> PolicyInForce:
    """One statement, and the book that is kept."""
    signed = (await unit.prepay_agreements.in_force([account_id], at=at)).get(account_id)
    return (await unit.policies.book()).in_force(class_of(signed), at=at)


async def maximum_balance_micro(
    unit: Unit, account_id: UUID, *, currency: str, at: datetime
) -> int | None:
    """The most that the account is to hold; none: any. Each payment asks: what was signed is
    looked up only where a class has a maximum at all."""
    book = await unit.policies.book()
    if not book.version(at).document.has_maximum(currency):
        return None
    policy = await load_policy(unit, account_id, at=at)
    return policy.terms.maximum_balance_micro.get(currency)
