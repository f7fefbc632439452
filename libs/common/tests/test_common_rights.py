"""Who may into a service's database, on a real server."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from prewatt_common.db.migrations import migrate

pytestmark = pytest.mark.stack


async def test_only_owner_and_service_may_into_a_database_that_is_migrated(stack) -> None:
    """As CloudNativePG makes one: with an owner, and open to every role of the server."""
    url = stack.endpoints.database_url("billing").replace("+asyncpg", "")
    name = f"rights_{uuid4().hex}"
    server = await asyncpg.connect(url)
    try:
        for role in ("owner", "service", "stranger"):
            await server.execute(f"CREATE ROLE {name}_{role} LOGIN PASSWORD 'x'")
        await server.execute(f"CREATE DATABASE {name} OWNER {name}_owner")
        address = url.rpartition("@")[2].rpartition("/")[0]
        await asyncio.to_thread(
            migrate,
            package="billing",
            database_url=f"postgresql+asyncpg://{name}_owner:x@{address}/{name}",
            service_role=f"{name}_service",
        )
        may = {
            role: await server.fetchval(
                "SELECT has_database_privilege($1, $2, 'CONNECT')", f"{name}_{role}", name
            )
            for role in ("owner", "service", "stranger")
        }
        assert may == {"owner": True, "service": True, "stranger": False}
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {name}")
        for role in ("owner", "service", "stranger"):
            await server.execute(f"DROP ROLE IF EXISTS {name}_{role}")
        await server.close()
