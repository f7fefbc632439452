"""Accounts with their agreements and meters in bulk, by COPY."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.accounts.import_accounts import ImportRefused
from prepay_ledger.accounts.postgres import account_row
from prepay_ledger.accounts.values import ImportLine
from prepay_ledger.agreements.postgres import agreement_row
from prepay_ledger.installations.postgres import installation_row, meter_row
from prewatt_common.db.database import driver

_KNOWN_METERS = """
SELECT meter_id FROM installation WHERE meter_id = ANY($1::text[])
UNION SELECT meter_id FROM meter WHERE meter_id = ANY($1::text[])
"""


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

    async def known_meters(self, meter_ids: Sequence[str]) -> set[str]:
        """Those that are installed or were, or that something is known of."""
        rows = await (await driver(self._connection)).fetch(_KNOWN_METERS, meter_ids)
        return {row["meter_id"] for row in rows}

    async def waiting(self, meter_ids: Sequence[str]) -> Sequence[str]:
        """Readings of a meter that is installed nowhere are all listed as such."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT DISTINCT meter_id FROM unbound_reading WHERE meter_id = ANY($1::text[])",
            meter_ids,
        )
        return [row["meter_id"] for row in rows]

    async def insert(self, lines: Sequence[ImportLine]) -> None:
        """Insert them; balances are left at zero for a journal to move."""
        connection = await driver(self._connection)
        for table, rows in _tables(lines):
            if not rows:
                continue
            try:
                await connection.copy_records_to_table(
                    table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
                )
            except (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError) as error:
                problem = f"{error.detail} Somebody opened it meanwhile; send the file again"
                raise ImportRefused([problem]) from error


def _tables(lines: Sequence[ImportLine]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        ("account", [account_row(line.account) | {"balance_micro": 0} for line in lines]),
        ("agreement", [agreement_row(line.agreement) for line in lines]),
        ("meter", [meter_row(line.meter) for line in lines if line.meter is not None]),
        ("installation", [dict(installation_row(line.installed)) for line in lines]),
    ]
