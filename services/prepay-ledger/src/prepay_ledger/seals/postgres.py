"""The posting day, sealed tables and seals."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.seals.ports import SealStore
from prepay_ledger.seals.postgres_checks import PostgresChecks
from prepay_ledger.seals.values import CUSTOMERS, Moved, PostingDay, Seal, SealedTable
from prewatt_common.db.database import Database, DriverConnection, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

_DAY_LOCK = 5131523
"""As in ``open_day()``, which takes it shared."""
_SEAL_LOCK = 5131524
_ROWS_AT_ONCE = 1_000

# Keys of text in the order of their bytes: a collation may change with the system.
_ROWS = "SELECT {columns} FROM {table} AS t WHERE t.day = $1 ORDER BY {key}"
_ROWS_OF_JOURNAL = (
    "SELECT {columns} FROM {table} AS t JOIN journal AS j ON j.id = t.journal_id "
    "WHERE j.day = $1 ORDER BY {key}"
)
_TEXT_KEYS = {"account", "ledger_account", "code", "key", "meter_id"}
# As text, so that what it becomes here does not depend on who opened the connection.
_DOCUMENTS = {
    "decided",
    "inputs",
    "mapping",
    "paid_off",
    "parameters",
    "statements",
    "charged",
    "spans",
}

_MOVED = """
SELECT j.currency, p.ledger_account, sum(p.amount_micro)::bigint AS micro
FROM posting AS p JOIN journal AS j ON j.id = p.journal_id WHERE j.day = $1 GROUP BY 1, 2
ORDER BY 1, 2
"""

_ADD_SUMS = """
INSERT INTO sealed_sum AS s (currency, ledger_account, amount_micro)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (currency, ledger_account)
DO UPDATE SET amount_micro = s.amount_micro + excluded.amount_micro
"""


class PostgresSeals(PostgresChecks):
    """A `SealStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        super().__init__(connection)
        self._connection = connection

    async def day(self) -> PostingDay:
        """As it stands, without the lock."""
        row = await self._connection.fetchrow("SELECT day, unsealed FROM posting_day")
        assert row is not None, "the first migration wrote it"
        return PostingDay(row["day"], row["unsealed"])

    async def today(self, timezone: str) -> date:
        """By the database's clock."""
        return await self._connection.fetchval(
            "SELECT (clock_timestamp() AT TIME ZONE $1)::date", timezone
        )

    async def turn(self, to: date) -> bool:
        """The lock first, the row in the next statement."""
        await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _DAY_LOCK)
        status = await self._connection.execute(
            "UPDATE posting_day SET unsealed = day, day = $1, turned_at = now() "
            "WHERE unsealed IS NULL AND day < $1",
            to,
        )
        return status == "UPDATE 1"

    async def lock(self) -> None:
        """Until the transaction ends."""
        await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _SEAL_LOCK)

    async def rows(self, table: SealedTable, day: date) -> AsyncIterator[Sequence[Any]]:
        """Some at a time, so that a day of millions needs no memory."""
        form = _ROWS_OF_JOURNAL if table.of_journal else _ROWS
        query = form.format(
            table=table.name,
            columns=", ".join(_selected(name) for name in table.columns),
            key=", ".join(_sorting(name) for name in table.key),
        )
        async for row in self._connection.cursor(query, day, prefetch=_ROWS_AT_ONCE):
            yield tuple(row)

    async def row(self, table: SealedTable, key: UUID) -> Sequence[Any] | None:
        """By the primary key."""
        columns = ", ".join(_selected(name) for name in table.columns)
        (name,) = table.key
        row = await self._connection.fetchrow(
            f"SELECT {columns} FROM {table.name} AS t WHERE t.{name} = $1",  # noqa: S608 - constants
            key,
        )
        return None if row is None else tuple(row)

    async def moved(self, day: date) -> Moved:
        """Customers have what sums a currency to zero, which was checked before."""
        moved: dict[str, dict[str, int]] = {}
        for currency, ledger_account, micro in await self._connection.fetch(_MOVED, day):
            moved.setdefault(currency, {})[ledger_account] = micro
        return {
            currency: {**of_currency, CUSTOMERS: -sum(of_currency.values())}
            for currency, of_currency in moved.items()
        }

    async def offsets(self) -> Sequence[Mapping[str, Any]]:
        """Where every consumer stands."""
        rows = await self._connection.fetch(
            "SELECT * FROM consumer_offset ORDER BY consumer_group, topic, partition"
        )
        return [dict(row) for row in rows]

    async def zone_data(self) -> str | None:
        """The newest release that the ledger was used with."""
        return await self._connection.fetchval("SELECT max(version) FROM zone_data")

    async def seals(self) -> Sequence[Seal]:
        """All."""
        rows = await self._connection.fetch(
            "SELECT day, previous, head, body FROM seal ORDER BY day"
        )
        return [Seal(*row) for row in rows]

    async def seal(self, day: date) -> Seal | None:
        """None where the day has none."""
        row = await self._connection.fetchrow(
            "SELECT day, previous, head, body FROM seal WHERE day = $1", day
        )
        return None if row is None else Seal(*row)

    async def last_head(self) -> bytes | None:
        """None before the first seal."""
        return await self._connection.fetchval("SELECT head FROM seal ORDER BY day DESC LIMIT 1")

    async def add(
        self, seal: Seal, *, leaves: Mapping[str, Sequence[bytes]], moved_micro: Moved
    ) -> None:
        """The seal, its leaves' prefixes, the sums, and no day that waits."""
        await self._connection.execute(
            "INSERT INTO seal (day, previous, head, body) VALUES ($1, $2, $3, $4)",
            seal.day,
            seal.previous,
            seal.head,
            seal.body,
        )
        await self._connection.copy_records_to_table(
            "seal_leaves",
            records=[
                (seal.day, name, number, prefixes)
                for name, chunks in leaves.items()
                for number, prefixes in enumerate(chunks)
            ],
            columns=["day", "sealed_table", "number", "prefixes"],
        )
        sums = [
            (currency, name, micro)
            for currency, of_currency in moved_micro.items()
            for name, micro in of_currency.items()
        ]
        if sums:
            await self._connection.execute(_ADD_SUMS, *zip(*sums, strict=True))
        await self._connection.execute("UPDATE posting_day SET unsealed = NULL")

    async def leaves(self, table: str, day: date) -> Sequence[bytes]:
        """In order."""
        rows = await self._connection.fetch(
            "SELECT prefixes FROM seal_leaves WHERE day = $1 AND sealed_table = $2 ORDER BY number",
            day,
            table,
        )
        return [row["prefixes"] for row in rows]

    async def has_left(self, day: date) -> bool:
        """By the key."""
        return await self._connection.fetchval(
            "SELECT EXISTS (SELECT FROM left_day WHERE day = $1)", day
        )


class SealsUnit:
    """A `Unit` on an open transaction."""

    def __init__(self, connection: AsyncConnection, seals: SealStore) -> None:
        self._connection = connection
        self.seals = seals

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox."""
        await outbox.append(self._connection, messages)


@asynccontextmanager
async def open_seals(database: Database) -> AsyncGenerator[SealsUnit]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield SealsUnit(connection, PostgresSeals(await driver(connection)))


def _selected(column: str) -> str:
    return f"t.{column}::text" if column in _DOCUMENTS else f"t.{column}"


def _sorting(column: str) -> str:
    return f't.{column} COLLATE "C"' if column in _TEXT_KEYS else f"t.{column}"
