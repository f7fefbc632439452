"""What the use cases of breakers need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.breakers.values import Asked, Count, CutHold, CutUndo, Scope, State, Undone
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.facts.values import Decided


class BreakerStore(Protocol):
    """What holds cuts, and how many were admitted."""

    async def state(self) -> State:
        """As of the last commit. Where nothing has changed it costs one read of one row."""
        ...

    async def hold_state(self) -> State:
        """As it is until our transaction ends: whoever changes it, or admits cuts, waits."""
        ...

    async def asked(self, account_ids: Collection[UUID], *, now: datetime) -> Sequence[Asked]:
        """The accounts, which are named once, by their tariffs, the areas of the meters that serve
        them, and whether they were told to wait."""
        ...

    async def kept_on(self, account_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of them are, by a cut that was undone."""
        ...

    async def counts(self, minute: datetime, scopes: Collection[Scope]) -> Mapping[Scope, Count]:
        """Of the minute that begins then; the caller holds the state."""
        ...

    async def count(self, minute: datetime, counts: Mapping[Scope, Count]) -> None:
        """Write them."""
        ...

    async def count_anew(self, now: datetime) -> None:
        """Nobody has come to be cut within this minute."""
        ...

    async def wait(self, until: Mapping[UUID, datetime | None]) -> None:
        """These were told to wait. Until then they do not come anew; none: until it is told."""
        ...

    async def wait_no_more(self, account_ids: Collection[UUID]) -> None: ...
    async def waits_end(self, now: datetime) -> None:
        """Those who wait without an end are let go: for a while yet they do not come anew."""
        ...

    async def place(self, holds: Sequence[CutHold]) -> None:
        """Add them; what holds cuts changes."""
        ...

    async def hold(self, hold_id: UUID) -> CutHold | None: ...
    async def end(self, hold_id: UUID, decided: Decided) -> None:
        """It is ended; what holds cuts changes."""
        ...

    async def changes(self) -> None:
        """What holds cuts is another from our commit on."""
        ...

    async def follow(self, *, now: datetime) -> bool:
        """Some accounts that a change may concern, cut in flight or held, are to be looked at;
        whether more are left."""
        ...


class UndoStore(Protocol):
    """Cuts that are undone."""

    async def draft(self, undo: CutUndo) -> CutUndo:
        """Add it, with the accounts of its cuts; as it is then."""
        ...

    async def lock(self, undo_id: UUID) -> CutUndo | None:
        """The undo, its row locked until the transaction ends."""
        ...

    async def take(self) -> CutUndo | None:
        """The oldest one that is released or ending and that nobody else has in hand, locked."""
        ...

    async def change(self, undo: CutUndo) -> None:
        """Its row, as it stands now."""
        ...

    async def portion(self, undo: CutUndo, *, limit: int) -> Sequence[Undone]:
        """The next of its accounts, in the order of their ids."""
        ...

    async def recheck(self, account_ids: Collection[UUID], *, now: datetime) -> None:
        """Their supply is decided about at once."""
        ...


class HasBreakers(Protocol):
    """A transaction that asks whether cuts may be made."""

    breakers: BreakerStore


class Unit(HasBreakers, HasFacts, Protocol):
    """A transaction in which people hold cuts, let them go, or undo them."""

    undos: UndoStore


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
