"""What the use cases of installations need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.charging import ports as charging
from prepay_ledger.installations.values import NewBinding


class BindingStore(Protocol):
    """Which meter serves which account."""

    async def begin(self) -> None:
        """Whoever else binds meters waits for our commit."""
        ...

    async def add(self, binding: NewBinding) -> None: ...
    async def end(self, binding_id: UUID, *, at: datetime) -> None: ...
    async def lock(self, meter_id: str) -> Sequence[NewBinding]: ...


class Unit(HasBalances, charging.Unit, Protocol):
    """A transaction in which a meter begins or ceases to serve an account."""

    bindings: BindingStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
