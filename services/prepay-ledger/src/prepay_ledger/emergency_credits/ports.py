"""What emergency credit needs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.emergency_credits.values import EmergencyCredit, Standing
from prepay_ledger.events import Publishes
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.prepay_agreements.ports import HasPrepayAgreements


class EmergencyCreditStore(Protocol):
    """Emergency credits; whoever changes one has its account's row locked."""

    async def standing(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, Standing]:
        """Of those of the accounts that have one open or had one accepted of late."""
        ...

    async def by_key(self, account_id: UUID, key: str) -> EmergencyCredit | None: ...
    async def newest(self, account_id: UUID) -> EmergencyCredit | None: ...
    async def put(self, credits_: Sequence[EmergencyCredit]) -> None:
        """New ones and changed ones; an account's row says what of it is accepted."""
        ...


class HasEmergencyCredits(Protocol):
    """A transaction that knows of emergency credit."""

    emergency_credits: EmergencyCreditStore


class ReopeningUnit(HasEmergencyCredits, Publishes, Protocol):
    """A transaction in which money is taken back."""


class Unit(HasEmergencyCredits, HasBalances, HasPolicies, HasPrepayAgreements, HasFacts, Protocol):
    """A transaction in which a customer accepts."""


UnitT = TypeVar("UnitT", bound=Unit)
