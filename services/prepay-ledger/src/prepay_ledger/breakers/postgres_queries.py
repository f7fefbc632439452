"""Holds of cuts and undos as people look at them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.breakers.postgres_rows import HOLDS, to_hold, to_undo
from prepay_ledger.breakers.tables import cut_undo
from prepay_ledger.breakers.values import CutHold, CutUndo
from prewatt_common.db.database import Database, driver

_ACTIVE = "e.hold_id IS NULL AND (h.held_until IS NULL OR h.held_until > $2)"
_PAGE = f"""
{HOLDS} WHERE ($1::uuid IS NULL OR h.id < $1) AND (NOT $3::boolean OR {_ACTIVE})
ORDER BY h.id DESC LIMIT $4
"""
_STANDING = f"{HOLDS} WHERE $1::uuid IS NULL AND {_ACTIVE} ORDER BY h.id"
_ACCOUNTS = """
SELECT u.account_id, a.number, u.cut_at, u.was_dark, a.supply_state, a.balance_micro, a.currency
FROM cut_undo_account AS u JOIN account AS a ON a.id = u.account_id
WHERE u.undo_id = $1 AND ($2::uuid IS NULL OR u.account_id > $2)
ORDER BY u.account_id LIMIT $3
"""


class UndoneAccount(NamedTuple):
    """An account whose cut an undo is about: when it was cut first, whether it had gone dark when
    that was drafted, and how it stands now."""

    account_id: UUID
    number: str
    cut_at: datetime
    was_dark: bool
    supply_state: str
    balance_micro: int
    currency: str


class BreakerQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holds(
        self, *, active: bool, now: datetime, before: UUID | None, limit: int
    ) -> Sequence[CutHold]:
        """The newest first; ``active``: those alone that hold at ``now``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_PAGE, before, now, active, limit)
        return [to_hold(row) for row in rows]

    async def standing(self, now: datetime) -> Sequence[CutHold]:
        """All that hold, the oldest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_STANDING, None, now)
        return [to_hold(row) for row in rows]

    async def waiting(self, now: datetime) -> int:
        """Accounts that were told to wait, as far as they are still to be cut."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(
                "SELECT count(*) FROM cut_wait WHERE good_until > $1", now
            )

    async def undos(self, *, before: UUID | None, limit: int) -> Sequence[CutUndo]:
        """The newest first."""
        query = select(cut_undo).order_by(cut_undo.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(cut_undo.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_undo(row) for row in rows]

    async def undo(self, undo_id: UUID) -> CutUndo | None:
        """One; none where it does not exist."""
        query = select(cut_undo).where(cut_undo.c.id == undo_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else to_undo(row)

    async def accounts(
        self, undo_id: UUID, *, after: UUID | None, limit: int
    ) -> Sequence[UndoneAccount]:
        """Those of an undo, in the order of their ids."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_ACCOUNTS, undo_id, after, limit)
        return [UndoneAccount(*row) for row in rows]
