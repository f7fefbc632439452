"""What the policy in force says to an account, by the class that it has signed for."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.prepay_agreements.ports import HasPrepayAgreements
from prewatt_common.contracts.supply_policy_v1 import DEFAULT_CLASS


class Unit(HasPolicies, HasPrepayAgreements, Protocol):
    """A transaction that knows what was signed, and what the policy says."""


async def load_policy(unit: Unit, account_id: UUID, *, at: datetime) -> PolicyInForce:
    """One statement, and the book that is kept."""
    signed = (await unit.prepay_agreements.in_force([account_id], at=at)).get(account_id)
    customer_class = signed.terms.customer_class if signed else DEFAULT_CLASS
    return (await unit.policies.book()).in_force(customer_class, at=at)
