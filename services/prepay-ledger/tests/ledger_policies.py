"""Supply policies of tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.policies.values import PolicyVersion
from prewatt_common.contracts.supply_calendar_v1 import Calendar
from prewatt_common.contracts.supply_policy_v1 import ClassPolicy, policy_of, sha256_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def with_calendar(calendar: Calendar | None) -> PolicyInForce:
    """Of a class that has no more than a calendar."""
    return PolicyInForce(
        number=1, customer_class="household", terms=ClassPolicy(), calendar=calendar
    )


def version(number: int, effective_from: datetime = BEGIN, **document: Any) -> PolicyVersion:
    """A version that was published when it began."""
    policy = policy_of(document)
    decided = Decided(by="a", reason="test", at=effective_from)
    return PolicyVersion(
        id=UUID(int=number),
        number=number,
        document=policy,
        sha256=sha256_of(policy),
        effective_from=effective_from,
        drafted=decided,
        published=decided,
    )
