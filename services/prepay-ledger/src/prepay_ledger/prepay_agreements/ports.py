"""What the use cases of prepay agreements need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.cut_lists.ports import HasCutLists
from prepay_ledger.events import Publishes
from prepay_ledger.modes.ports import HasModes
from prepay_ledger.prepay_agreements.values import PrepayAgreement, Signed
from prepay_ledger.procedures.ports import HasProcedures


class PrepayAgreementStore(Protocol):
    """Agreements by version, append only."""

    async def last(self, account_id: UUID) -> PrepayAgreement | None:
        """The account's newest version, whether it has begun or not. The caller holds the account,
        so that no other is written meanwhile."""
        ...

    async def in_force(
        self, account_ids: Collection[UUID], *, at: datetime
    ) -> Mapping[UUID, PrepayAgreement]:
        """By account the newest version that has begun by ``at``; nothing where none has."""
        ...

    async def signed(self, account_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Signed]]:
        """By account the classes that it has signed for, in the order of versions; nothing where it
        has signed nothing."""
        ...

    async def add(self, agreements: Sequence[PrepayAgreement]) -> None:
        """In bulk: an import makes one an account."""
        ...


class HasPrepayAgreements(Protocol):
    """A transaction that knows what was signed."""

    prepay_agreements: PrepayAgreementStore


class HasGrounds(HasPrepayAgreements, HasCutLists, HasProcedures, Publishes, Protocol):
    """A transaction that knows what cuts rest on."""


class Unit(HasBalances, HasModes, HasGrounds, Protocol):
    """A transaction in which an agreement is signed, or a step is done."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
