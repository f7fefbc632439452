"""Agreements and evidence as people look at them."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.prepay_agreements.postgres import to_agreement
from prepay_ledger.prepay_agreements.values import PrepayAgreement
from prepay_ledger.procedures.postgres import to_evidence
from prepay_ledger.procedures.values import Evidence
from prewatt_common.db.database import Database, driver

_IS_KNOWN = "SELECT EXISTS (SELECT FROM account WHERE id = $1)"
_AGREEMENTS = """
SELECT * FROM prepay_agreement WHERE account_id = $1 AND ($2::integer IS NULL OR version < $2)
ORDER BY version DESC LIMIT $3
"""
_EVIDENCE = """
SELECT * FROM procedure_evidence WHERE account_id = $1 AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""


class GroundsQueries:
    """Each question one read-only transaction. Raises `UnknownAccount`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def agreements(
        self, account_id: UUID, *, before: int | None, limit: int
    ) -> Sequence[PrepayAgreement]:
        """The newest version first."""
        rows = await self._of(account_id, _AGREEMENTS, before, limit)
        return [to_agreement(row) for row in rows]

    async def evidence(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[Evidence]:
        """The newest first, with what was taken back and what took it back."""
        rows = await self._of(account_id, _EVIDENCE, before, limit)
        return [to_evidence(row) for row in rows]

    async def _of(self, account_id: UUID, query: str, *values: object) -> Sequence[asyncpg.Record]:
        async with self._database.transaction() as connection:
            own = await driver(connection)
            if not await own.fetchval(_IS_KNOWN, account_id):
                message = f"account {account_id} does not exist"
                raise UnknownAccount(message)
            return await own.fetch(query, account_id, *values)
