"""A service's database: one pool, one notion of a transaction."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from hashlib import blake2b
from typing import Any, TypeAlias, cast

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

DriverConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""asyncpg's own connection. A string: the class is generic for type checkers only."""


class ChangedMeanwhile(Exception):
    """A row was changed between reading and writing it: the transaction must run again."""


CONFLICTS: tuple[type[Exception], ...] = (
    ChangedMeanwhile,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""Two transactions were in each other's way: the same one again, at once, most likely goes well."""

PASSING_FAULTS: tuple[type[Exception], ...] = (
    *CONFLICTS,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # As a server dies within an answer, the next statement finds its connection at work still: that
    # one is closed by the roll-back that follows.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    OSError,
    TimeoutError,
    PoolTimeoutError,
)
"""What trying again can help against. SQLAlchemy may wrap it: see `is_passing_fault`."""

COMMAND_FAULTS: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    ChangedMeanwhile,
)
"""What a command that works on a connection of asyncpg's may meet without a bug, and says in one
line. Who loses the connection within a transaction hears of it by an InterfaceError too."""


_STATEMENTS_KEPT = 500
"""Prepared on each connection: more than any service has, so that none is prepared twice."""

ROWS_FEW = 20
"""So many go by INSERT; more go faster by COPY."""


class Begin(StrEnum):
    """What a transaction begins with, sent at once: what it sets for itself."""

    PLAIN = "BEGIN"
    BATCH = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"
    """Its statements take arrays of some thousand keys, and are planned as for any array. Else
    PostgreSQL plans the first five executions on a connection for the array that it was given, and
    reads a whole table to find three in a hundred of its rows."""
    MAY_BE_LOST = "BEGIN; SET LOCAL synchronous_commit = off"
    """Its commit does not wait for the disk: a crash of PostgreSQL may undo it."""
    SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"
    """All its statements see one state of the database, that of now; it writes nothing."""


class Database:
    """Transactions on a pool of connections."""

    def __init__(self, *, url: str, pool_size: int = 8) -> None:
        # The connection that was used last is used next, or each of them would have to learn each
        # statement, and a rare one (a payment's) would meet one that has not, or not any more.
        # No pre-ping: SQLAlchemy's takes three round trips, and `_begun` finds out as well.
        # Its transactions are not used: they begin by one more round trip and its own way through
        # greenlets, which came to half of a small transaction's CPU time here and at the server.
        self._engine = create_async_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_use_lifo=True,
            connect_args={
                "statement_cache_size": _STATEMENTS_KEPT,
                "prepared_statement_cache_size": _STATEMENTS_KEPT,
                "max_cached_statement_lifetime": 0,
            },
        )
        self._check_engine = create_async_engine(
            url, pool_size=1, max_overflow=0, pool_pre_ping=True
        )

    @asynccontextmanager
    async def transaction(
        self, begin: Begin = Begin.PLAIN, *, locks: Sequence[str] = ()
    ) -> AsyncGenerator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises.

        ``locks``: what it holds from its first statement on until it ends, in this order, at no
        round trip of their own (`lock_key`).
        BEGIN is sent here and not lazily, so that `driver` is inside it from its first statement.
        Raises `asyncpg.InFailedSQLTransactionError` where a statement has failed and the block
        went on as if it had not: nothing is committed then.
        """
        async with self._engine.connect() as connection:
            inner = await _begun(connection, _opening(begin, locks))
            try:
                yield connection
                if await inner.execute("COMMIT") != "COMMIT":
                    message = "a statement had failed; nothing is committed"
                    raise asyncpg.InFailedSQLTransactionError(message)
            except BaseException:
                await _roll_back(inner)
                raise

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction whose statements all see one state of the database; it writes nothing."""
        async with self.transaction(Begin.SNAPSHOT) as connection:
            yield connection

    async def check(self) -> str:
        """A readiness check, on a connection of its own: one that waited for the pool would take a
        busy process out of service, and one that holds the pool's would keep it from a payment."""
        async with self._check_engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return "answers"

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()
        await self._check_engine.dispose()


def lock_key(name: str) -> int:
    """Of the advisory lock of what may have no row yet, which could be locked: 64 bits of its
    name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


async def hold(connection: AsyncConnection, name: str) -> None:
    """The lock of that name, until the transaction ends."""
    inner = await driver(connection)
    await inner.execute("SELECT pg_advisory_xact_lock($1)", lock_key(name))


def _opening(begin: Begin, locks: Sequence[str]) -> str:
    # Numbers of ours: nothing of a name is in the statement.
    held = (f"SELECT pg_advisory_xact_lock({lock_key(name)})" for name in locks)
    return "; ".join((begin.value, *held))


async def _begun(connection: AsyncConnection, opening: str) -> DriverConnection:
    """BEGIN, on a new connection where the pool's had died: nothing was done on that one yet, so
    beginning again repeats nothing."""
    inner = await driver(connection)
    try:
        await _begin(inner, opening)
    except Exception:
        if not inner.is_closed():
            raise
        await connection.invalidate()  # SQLAlchemy connects anew after this
        inner = await driver(connection)
        await _begin(inner, opening)
    return inner


async def _begin(inner: DriverConnection, opening: str) -> None:
    """Whatever raises, be it that the caller is cancelled: it may have begun, as BEGIN goes first.
    Such a transaction is not the next one's, nor is what it set for itself; and one that failed
    would fail whoever is given that connection next, which is the one used last."""
    try:
        await inner.execute(opening)
    except BaseException:
        await _roll_back(inner)
        raise


async def _roll_back(inner: DriverConnection) -> None:
    """Before the connection goes back to the pool. One that cannot is closed, which rolls back as
    well, and is found so by who takes it next."""
    try:
        await inner.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - why the block failed is what counts
        inner.terminate()
    except BaseException:
        inner.terminate()
        raise


async def driver(connection: AsyncConnection) -> DriverConnection:
    """asyncpg's own connection under ``connection``, in the same transaction.

    For what SQLAlchemy has no fast form of: ``unnest`` over arrays, COPY.
    """
    raw = await connection.get_raw_connection()
    inner = raw.driver_connection
    assert isinstance(inner, asyncpg.Connection)
    return cast(DriverConnection, inner)


async def insert_rows(
    connection: AsyncConnection,
    table: str,
    *,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """In the order given. A few go in one round trip; many by COPY, which needs two, and a third of
    what INSERT costs for each."""
    inner = await driver(connection)
    if len(rows) > ROWS_FEW:
        await inner.copy_records_to_table(table, records=rows, columns=columns)
        return
    names = ", ".join(f'"{each}"' for each in columns)
    values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await inner.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({values})', rows)  # noqa: S608 - names are the code's


def is_conflict(error: BaseException) -> bool:
    """Whether it is one of `CONFLICTS`, be it wrapped by SQLAlchemy."""
    return isinstance(_unwrapped(error), CONFLICTS)


def is_schema_fault(error: BaseException) -> bool:
    """Whether a statement does not fit this database, whatever data it is given: a table or column
    that is not there, a right that is missing."""
    return isinstance(_unwrapped(error), asyncpg.SyntaxOrAccessError)


def _unwrapped(error: BaseException) -> BaseException | None:
    """asyncpg's error, where SQLAlchemy wrapped it."""
    return getattr(error.orig, "__cause__", None) if isinstance(error, DBAPIError) else error


def is_passing_fault(error: BaseException) -> bool:
    """Whether trying again can help: a lost connection, a deadlock, a server starting up, a pool
    none of whose connections became free in time."""
    if isinstance(error, InterfaceError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(_unwrapped(error), PASSING_FAULTS)
