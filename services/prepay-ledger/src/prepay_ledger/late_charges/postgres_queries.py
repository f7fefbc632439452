"""Late charges as people look at them: read-only."""

from collections.abc import Sequence
from uuid import UUID

from prepay_ledger.late_charges.postgres_rows import CHARGES, to_late_charge, to_reminder, to_waiver
from prepay_ledger.late_charges.values import LateChargeRow, Reminder, Waiver
from prewatt_common.db.database import Database, driver

_PAGE = f"""
{CHARGES}
WHERE ($1::uuid IS NULL OR c.account_id = $1) AND ($2::uuid IS NULL OR c.statement_id = $2)
  AND ($3::uuid IS NULL OR c.id < $3)
ORDER BY c.id DESC LIMIT $4
"""
_WAIVERS = """
SELECT * FROM late_charge_waiver
WHERE ($1::uuid IS NULL OR account_id = $1) AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""
_REMINDERS = """
SELECT * FROM payment_reminder
WHERE ($1::uuid IS NULL OR account_id = $1) AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""


class LateChargeQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def charges(
        self,
        *,
        account_id: UUID | None,
        statement_id: UUID | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[LateChargeRow]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _PAGE, account_id, statement_id, before, limit
            )
        return [to_late_charge(row) for row in rows]

    async def waivers(
        self, *, account_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Waiver]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_WAIVERS, account_id, before, limit)
        return [to_waiver(row) for row in rows]

    async def reminders(
        self, *, account_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Reminder]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_REMINDERS, account_id, before, limit)
        return [to_reminder(row) for row in rows]
