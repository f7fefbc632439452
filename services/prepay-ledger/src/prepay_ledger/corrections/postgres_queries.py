"""Correction runs as people look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.corrections.postgres import to_run
from prepay_ledger.corrections.tables import correction_run
from prepay_ledger.corrections.values import CorrectionRun
from prewatt_common.db.database import Database, driver

_ACCOUNTS = """
SELECT c.account_id, a.number, a.currency, c.balance_micro, c.charge_micro, c.new_charge_micro,
       c.apart_micro
FROM correction_account AS c JOIN account AS a ON a.id = c.account_id
WHERE c.run_id = $1 AND ($2::uuid IS NULL OR c.account_id > $2)
  AND (NOT $3 OR (c.balance_micro >= 0
                  AND c.balance_micro + c.charge_micro - c.new_charge_micro + c.apart_micro < 0))
ORDER BY c.account_id LIMIT $4
"""
_LEFT = """
SELECT count(*) FROM correction_run AS r
JOIN agreement AS a ON a.tariff_code = r.code AND a.corrections < r.correction
WHERE r.state = 'released' AND ($1::uuid IS NULL OR r.id = $1)
"""

_IN_TROUBLE = """
SELECT count(*) FROM correction_run WHERE state = 'released' AND trouble IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account in a run's preview, in micro-units of its currency."""

    account_id: UUID
    number: str
    currency: str
    balance_micro: int
    charge_micro: int
    new_charge_micro: int
    apart_micro: int

    @property
    def new_balance_micro(self) -> int:
        """What would be left."""
        return self.balance_micro + self.charge_micro - self.new_charge_micro + self.apart_micro


class CorrectionQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def runs(self, *, before: UUID | None, limit: int) -> Sequence[CorrectionRun]:
        """The newest first."""
        query = select(correction_run).order_by(correction_run.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(correction_run.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [to_run(row) for row in rows]

    async def run(self, run_id: UUID) -> CorrectionRun | None:
        """One; none where it does not exist."""
        query = select(correction_run).where(correction_run.c.id == run_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else to_run(row)

    async def accounts(
        self, run_id: UUID, *, newly_negative: bool, after: UUID | None, limit: int
    ) -> Sequence[AccountView]:
        """What the run's preview says of each account, or of those that it takes below zero."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _ACCOUNTS, run_id, after, newly_negative, limit
            )
        return [AccountView(*row) for row in rows]

    async def agreements_left(self, run_id: UUID | None = None) -> int:
        """How many a released run, or all of them, have not come to yet."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_LEFT, run_id)

    async def in_trouble(self) -> int:
        """How many released runs cannot charge some agreement, which they try again."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_IN_TROUBLE)
