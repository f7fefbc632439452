"""Write-offs in PostgreSQL."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.debts.values import WriteOff
from prepay_ledger.facts.values import Decided, DraftState
from prewatt_common.db.database import driver

_ADD = """
INSERT INTO debt_write_off
    (id, debt_id, amount_micro, state, drafted_by, drafted_reason, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_DECIDE = """
UPDATE debt_write_off SET state = $2, decided_by = $3, decided_reason = $4, decided_at = $5
WHERE id = $1
"""
_WAITING = "SELECT * FROM debt_write_off WHERE debt_id = $1 AND state = 'drafted'"


class PostgresWriteOffs:
    """A `WriteOffStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, draft: WriteOff) -> None:
        """The caller has the debt locked."""
        by = draft.drafted
        await (await driver(self._connection)).execute(
            _ADD, draft.id, draft.debt_id, draft.amount_micro, draft.state, by.by, by.reason, by.at
        )

    async def waiting(self, debt_id: UUID) -> WriteOff | None:
        """One at most."""
        row = await (await driver(self._connection)).fetchrow(_WAITING, debt_id)
        return None if row is None else to_write_off(row)

    async def lock(self, write_off_id: UUID) -> WriteOff | None:
        """Waits for whoever has it."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM debt_write_off WHERE id = $1 FOR UPDATE", write_off_id
        )
        return None if row is None else to_write_off(row)

    async def decide(self, one: WriteOff) -> None:
        """The caller has it locked."""
        assert one.decided is not None, "somebody has decided"
        by = one.decided
        await (await driver(self._connection)).execute(
            _DECIDE, one.id, one.state, by.by, by.reason, by.at
        )


def to_write_off(row: Any) -> WriteOff:
    """From its row."""
    decided = None
    if row["decided_by"] is not None:
        decided = Decided(by=row["decided_by"], reason=row["decided_reason"], at=row["decided_at"])
    return WriteOff(
        id=row["id"],
        debt_id=row["debt_id"],
        amount_micro=row["amount_micro"],
        drafted=Decided(by=row["drafted_by"], reason=row["drafted_reason"], at=row["drafted_at"]),
        state=DraftState(row["state"]),
        decided=decided,
    )
