"""A database for each service, and its two roles: the owner that migrates it, and the service's."""

import asyncio

import asyncpg

from prewatt_devstack.endpoints import DATABASES, Endpoints, owner_of


def make_databases(endpoints: Endpoints) -> None:
    """What of them is not there yet; as deploy/compose/databases.sh does."""
    asyncio.run(_make(endpoints))


async def _make(endpoints: Endpoints) -> None:
    connection = await asyncpg.connect(
        host=endpoints.postgres_host,
        port=endpoints.postgres_port,
        user=endpoints.postgres_user,
        password=endpoints.postgres_password,
        database="postgres",
    )
    try:
        roles = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        existing = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for database in DATABASES:
            for role, password in (
                (owner_of(database), endpoints.postgres_owner_password),
                (database, endpoints.postgres_service_password),
            ):
                if role not in roles:
                    await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
            if database not in existing:
                await connection.execute(f"CREATE DATABASE {database} OWNER {owner_of(database)}")
            await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
            await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {database}")
    finally:
        await connection.close()
