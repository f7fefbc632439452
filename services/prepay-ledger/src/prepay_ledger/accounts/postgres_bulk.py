"""Accounts with their agreements and meters in bulk, by COPY."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.accounts.import_accounts import ImportRefused
from prepay_ledger.accounts.postgres import account_row
from prepay_ledger.accounts.values import Opening
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.installations.values import InstalledMeter, Meter
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

    async def insert(self, openings: Sequence[Opening]) -> None:
        """As they stand."""
        connection = await driver(self._connection)
        for table, columns, rows in _tables(openings):
            try:
                await connection.copy_records_to_table(table, records=rows, columns=columns)
            except (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError) as error:
                problem = (
                    f"{error.detail or error} Somebody opened it meanwhile; send the file again"
                )
                raise ImportRefused([problem]) from error


def _tables(
    openings: Sequence[Opening],
) -> Sequence[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]:
    lines = [each.line for each in openings]
    return [
        ("account", [*account_row(lines[0].account), "moves"], map(_account, openings)),
        ("agreement", *_rows(Agreement, [line.agreement for line in lines])),
        ("meter", *_rows(Meter, [line.meter for line in lines if line.meter is not None])),
        ("installation", *_rows(InstalledMeter, [line.installed for line in lines])),
    ]


def _account(opening: Opening) -> Sequence[Any]:
    row = account_row(opening.line.account)
    return (*(row | {"balance_micro": opening.balance.balance_micro}).values(), opening.moves)


def _rows(
    of: type[Agreement | Meter | InstalledMeter], values: Sequence[object]
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """Columns and rows of a table that has a column for each field."""
    columns = list(of.__dataclass_fields__)
    return columns, map(attrgetter(*columns), values)
