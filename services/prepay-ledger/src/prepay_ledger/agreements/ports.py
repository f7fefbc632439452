"""What the use cases of agreements need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.agreements.values import Agreement
from prepay_ledger.charging import ports as charging
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.modes.ports import HasModes


class AgreementStore(Protocol):
    """Agreements as they stand."""

    async def of_account(self, account_id: UUID) -> Sequence[Agreement]:
        """By their first days."""
        ...

    async def add(self, agreement: Agreement) -> None: ...
    async def change(self, agreement: Agreement) -> None: ...


class Unit(HasFacts, HasModes, charging.Unit, Protocol):
    """A transaction in which an agreement is decided about."""

    agreements: AgreementStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
