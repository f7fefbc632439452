"""Databases of the tests' own on the stack's PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from prewatt_common.db.migrations import migrate
from prewatt_devstack import Stack


@asynccontextmanager
async def own_database(
    stack: Stack, service_database: str, *, template: str = "template1"
) -> AsyncGenerator[str]:
    """The URL of a copy of ``template``, beside the database of a service and of the same owner.

    Nobody may be connected to a template. Files are copied: PostgreSQL's own way, by its log, takes
    three times the CPU. A copy is dropped in the end: each costs 11 MB, and the server looks into
    each of them again and again for something to clean up.
    """
    beside = stack.endpoints.database_url(service_database)
    plain = beside.replace("+asyncpg", "")
    name = f"own_{uuid4().hex}"
    await _do(plain, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield f"{beside.rpartition('/')[0]}/{name}"
    await _do(plain, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def migrated_template(stack: Stack, service_database: str) -> AsyncGenerator[str]:
    """The name of a database with a service's tables and nothing in them. To copy one is quicker
    than to migrate one, and hundreds of tests have one."""
    async with own_database(stack, service_database) as url:
        await asyncio.to_thread(migrate, package=service_database, database_url=url)
        yield name_of(url)


def name_of(url: str) -> str:
    """The database's."""
    return url.rpartition("/")[2]


async def _do(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
