"""What the use cases of correction runs need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.charging import ports as charging
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.corrections.values import CorrectionRun, RunState
from prepay_ledger.facts.ports import HasFacts
from prewatt_metering.tariffs.publishing import Touched


class CorrectionStore(Protocol):
    """Correction runs, how far they are, and their previews."""

    async def add(self, run: CorrectionRun) -> None: ...
    async def change(self, run: CorrectionRun) -> None:
        """Its row, as it stands now."""
        ...

    async def lock(self, run_id: UUID) -> CorrectionRun | None:
        """The run, its row locked until the transaction ends."""
        ...

    async def take(self, state: RunState) -> CorrectionRun | None:
        """The oldest run in that state that nobody else has in hand, likewise locked."""
        ...

    async def released(self, code: str) -> UUID | None:
        """The tariff's run that is being carried out."""
        ...

    async def tariff_rows(self, code: str) -> int:
        """How many versions and corrections the tariff has."""
        ...

    async def agreements(
        self, code: str, *, after_account: UUID | None, accounts: int
    ) -> Sequence[Agreement]:
        """All of the next accounts that have or had the tariff, by account."""
        ...

    async def balances(self, account_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """In micro-units."""
        ...

    async def forget_touched(self, run_id: UUID) -> None: ...
    async def add_touched(self, run_id: UUID, touched: Sequence[Touched]) -> None:
        """Each account is there once; one that is in the preview already has these charges too."""
        ...

    async def touched(
        self, run_id: UUID, *, balances_now: bool, after: UUID | None, limit: int
    ) -> Sequence[Touched]:
        """The accounts of a preview in the order of their ids, with their balances as of then or
        as of now."""
        ...

    async def unreached(
        self, code: str, *, correction: int, after: UUID | None, limit: int
    ) -> Sequence[Agreement]:
        """Agreements that are not charged by that correction yet, in the order of their ids."""
        ...

    async def hold_unreached(
        self, agreement_ids: Collection[UUID], *, correction: int
    ) -> Sequence[Agreement]:
        """Those that still are not, their rows locked until the transaction ends; to be called
        after their meters are held and before their periods are."""
        ...

    async def reach(self, agreement_ids: Collection[UUID], *, correction: int) -> None:
        """They are charged by it from now on."""
        ...


class Unit(HasFacts, charging.Unit, Protocol):
    """A transaction about a correction run."""

    corrections: CorrectionStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
