"""Transactions on real PostgreSQL whose connections die in the pool."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from prewatt_common.db.database import (
    Begin,
    Database,
    driver,
    hold,
    insert_rows,
    is_passing_fault,
    lock_key,
)

pytestmark = pytest.mark.stack

KEPT = 3


@pytest.fixture
async def database(empty_database):
    database = Database(url=empty_database)
    yield database
    await database.close()


async def kill(url, pids):
    """End connections at the server, as its restart does."""
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for pid in pids:
            # It waits up to ten seconds until that one has gone.
            assert await admin.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
    finally:
        await admin.close()


async def pid_of(connection):
    return await connection.scalar(text("SELECT pg_backend_pid()"))


async def fill(database):
    """Let the pool hold several connections; their processes."""
    async with (
        database.transaction() as first,
        database.transaction() as second,
        database.transaction() as third,
    ):
        return {await pid_of(each) for each in (first, second, third)}


@pytest.mark.parametrize("begin", [Database.transaction, Database.snapshot])
async def test_connections_that_died_in_the_pool_are_not_noticed(database, empty_database, begin):
    pids = await fill(database)
    assert len(pids) == KEPT
    await kill(empty_database, pids)
    for _ in range(KEPT + 1):
        async with begin(database) as connection:
            assert await pid_of(connection) not in pids
            assert (await driver(connection)).is_in_transaction()


async def test_a_snapshot_on_a_new_connection_still_reads_one_state(database, empty_database):
    await kill(empty_database, await fill(database))
    async with database.snapshot() as connection:
        assert await connection.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert await connection.scalar(text("SHOW transaction_read_only")) == "on"


@pytest.mark.parametrize(
    ("begin", "inside", "outside"),
    [(Begin.BATCH, "force_generic_plan on", "auto on"), (Begin.MAY_BE_LOST, "auto off", "auto on")],
    ids=["batch", "may-be-lost"],
)
async def test_what_a_transaction_sets_for_itself_ends_with_it(
    database, empty_database, begin, inside, outside
):
    show = text(
        "SELECT current_setting('plan_cache_mode') || ' ' || current_setting('synchronous_commit')"
    )
    await kill(empty_database, await fill(database))
    async with database.transaction(begin) as connection:
        assert await connection.scalar(show) == inside
    async with database.transaction() as connection:
        assert await connection.scalar(show) == outside


async def test_what_dies_after_it_began_is_not_begun_again(database, empty_database):
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction() as connection:
            await kill(empty_database, {await pid_of(connection)})
            await connection.execute(text("SELECT 1"))
    assert is_passing_fault(failed.value)


async def test_the_connection_used_last_is_used_next(database):
    """It knows the statements; with turns each of them would have to learn them all."""
    pids = await fill(database)
    used = set()
    for _ in range(2 * KEPT):
        async with database.transaction() as connection:
            used.add(await pid_of(connection))
    assert len(used) == 1
    assert used < pids


async def test_a_rare_statement_stays_prepared_among_hundreds_of_others(database):
    async def prepared():
        async with database.transaction() as connection:
            return set(
                await connection.scalars(text("SELECT statement FROM pg_prepared_statements"))
            )

    async with database.transaction() as connection:
        await connection.execute(text("SELECT 'a payment'"))
        await (await driver(connection)).fetchval("SELECT 'a payment too'")
    for number in range(300):
        async with database.transaction() as connection:
            await connection.execute(text(f"SELECT {number} AS n"))
            await (await driver(connection)).fetchval(f"SELECT {number}")
    assert {"SELECT 'a payment'", "SELECT 'a payment too'"} <= await prepared()


@pytest.mark.parametrize("count", [0, 1, 20, 21, 300])
async def test_rows_are_inserted_in_the_order_given_be_they_few_or_many(database, count):
    rows = [(number * 7 % 11, f"row {number}") for number in range(count)]
    async with database.transaction() as connection:
        await connection.execute(
            text("CREATE TEMPORARY TABLE rows (id serial, n int, name text) ON COMMIT DROP")
        )
        await insert_rows(connection, "rows", columns=["n", "name"], rows=rows)
        found = await connection.execute(text("SELECT n, name FROM rows ORDER BY id"))
        assert [tuple(each) for each in found] == rows


@pytest.mark.parametrize("by", ["beginning", "holding"])
async def test_who_names_a_lock_waits_for_whoever_has_it(database, by):
    """Taken as the transaction begins, or in it: it is the same lock, until the end."""
    second = asyncio.Event()

    async def take():
        if by == "beginning":
            async with database.transaction(locks=["other", "payment/p/1"]):
                second.set()
        else:
            async with database.transaction() as connection:
                await hold(connection, "payment/p/1")
                second.set()

    async with database.transaction(locks=["payment/p/1"]) as connection:
        assert (await driver(connection)).is_in_transaction()
        waiting = asyncio.create_task(take())
        await until_one_waits(connection)
        assert not second.is_set()
    await waiting
    assert second.is_set()


async def until_one_waits(connection):
    query = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with asyncio.timeout(20):
        while not await connection.scalar(query):  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)


def test_no_name_of_a_lock_is_in_the_statement():
    key = lock_key("payment/p'; DROP TABLE payment; --")
    assert key == lock_key("payment/p'; DROP TABLE payment; --")
    assert key != lock_key("payment/p")
    assert -(2**63) <= key < 2**63


async def test_commits_at_the_end_and_rolls_back_what_raises(database):
    table = "database_test"
    try:
        async with database.transaction() as connection:
            await connection.execute(text(f"CREATE TABLE {table} (n int)"))
            await connection.execute(text(f"INSERT INTO {table} VALUES (1)"))
        with pytest.raises(RuntimeError):
            async with database.transaction() as connection:
                await connection.execute(text(f"INSERT INTO {table} VALUES (2)"))
                raise RuntimeError
        async with database.snapshot() as connection:
            rows = await connection.execute(text(f"SELECT n FROM {table}"))
            assert rows.scalars().all() == [1]
    finally:
        async with database.transaction() as connection:
            await connection.execute(text(f"DROP TABLE IF EXISTS {table}"))


async def test_a_failure_that_was_passed_over_is_not_taken_for_a_commit(database):
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        async with database.transaction() as connection:
            with suppress(DBAPIError):
                await connection.execute(text("SELECT 1 / 0"))
    async with database.transaction() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_who_is_cancelled_in_a_statement_leaves_no_transaction_behind(database):
    begun = asyncio.Event()

    async def waits():
        async with database.transaction() as connection:
            begun.set()
            await connection.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(waits())
    await begun.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as connection:
        open_ones = await connection.scalars(
            text(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
        )
        assert open_ones.all() == []


async def test_who_is_cancelled_in_a_commit_leaves_no_transaction_behind(database):
    """What waits here is a check that is made as the transaction ends."""
    async with database.transaction() as connection:
        inner = await driver(connection)
        await inner.execute(
            """
            CREATE TABLE slow (n int);
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION wait();
            """
        )
    written = asyncio.Event()

    async def writes():
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO slow VALUES (1)"))
            written.set()

    task = asyncio.create_task(writes())
    await written.wait()
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM slow")) == 0
        assert (await driver(connection)).is_in_transaction()
