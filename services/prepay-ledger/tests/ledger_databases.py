"""Databases of the tests' own on the stack's PostgreSQL: each is a copy of another."""

from uuid import uuid4

import asyncpg

from prewatt_devstack import Stack


async def new_database(stack: Stack, *, template: str) -> str:
    """A copy of ``template``, to which nobody may be connected."""
    beside = stack.endpoints.database_url("prepay_ledger")
    name = f"own_{uuid4().hex}"
    connection = await asyncpg.connect(beside.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    return f"{beside.rpartition('/')[0]}/{name}"
