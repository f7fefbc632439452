"""Accounts and bindings in bulk, by COPY."""

from collections.abc import Sequence

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.accounts.import_accounts import ImportRefused
from prepay_ledger.accounts.postgres import account_row
from prepay_ledger.balances.values import Account
from prepay_ledger.installations.postgres import binding_row
from prepay_ledger.installations.values import NewBinding
from prewatt_common.db.database import driver


class PostgresBulk:
    """A `BulkStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def existing_numbers(self, numbers: Sequence[str]) -> set[str]:
        """Which of the account numbers exist."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT number FROM account WHERE number = ANY($1::text[])", numbers
        )
        return {row["number"] for row in rows}

    async def bound_meters(self, meter_ids: Sequence[str]) -> set[str]:
        """Which of the meters serve or served an account."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT DISTINCT meter_id FROM binding WHERE meter_id = ANY($1::text[])", meter_ids
        )
        return {row["meter_id"] for row in rows}

    async def insert(self, accounts: Sequence[Account], bindings: Sequence[NewBinding]) -> None:
        """Insert them; balances are left at zero for a journal to move."""
        connection = await driver(self._connection)
        for table, rows in (
            ("account", [account_row(account) | {"balance_micro": 0} for account in accounts]),
            ("binding", [binding_row(binding) for binding in bindings]),
        ):
            try:
                await connection.copy_records_to_table(
                    table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
                )
            except asyncpg.UniqueViolationError as error:
                problem = f"{error.detail} Somebody opened it meanwhile; send the file again"
                raise ImportRefused([problem]) from error
