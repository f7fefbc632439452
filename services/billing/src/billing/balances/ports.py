"""What the look at balances needs of the outside."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from billing.balances.values import BalanceDifference, Credit
from prewatt_common.contracts.ledger_charges_v1 import PostedBalance


class BalanceStore(Protocol):
    """Credits and balances as they come, inside one transaction."""

    async def put_credits(self, credits_: Sequence[Credit]) -> None:
        """The same again changes nothing but the balance after it, where it is newer."""
        ...

    async def put_strays(self, balances: Sequence[PostedBalance]) -> None:
        """Balances that moved without a charge of theirs; at most one an account."""
        ...


class BalanceDifferences(Protocol):
    """Accounts whose balance is unlike."""

    async def look(self, *, now: datetime) -> None:
        """Compares all accounts, and keeps which differ and since when."""
        ...

    async def listed(self, *, after: UUID | None, limit: int) -> Sequence[BalanceDifference]:
        """In order of accounts."""
        ...

    async def counts(self, *, now: datetime, settle: timedelta) -> tuple[int, int]:
        """How many differ, and how many may be on their way: `is_settled` says which."""
        ...
