"""The services' migrations, on the real PostgreSQL: what they make is what the code expects."""

import asyncio
import importlib
import pkgutil
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

import prepay_ledger
from meter_gateway.tables import metadata as gateway_tables
from prepay_ledger.tables import metadata as ledger_tables
from prewatt_common.db.migrations import migrate
from prewatt_common.db.tables import shared_metadata

for module in pkgutil.walk_packages(prepay_ledger.__path__, "prepay_ledger."):
    if module.name.endswith(".tables"):
        importlib.import_module(module.name)

SERVICES = {
    "billing": [shared_metadata],
    "meter_gateway": [shared_metadata, gateway_tables],
    "notifier": [shared_metadata],
    "prepay_ledger": [shared_metadata, ledger_tables],
}
"""By package: the tables that its code knows as such. Others it knows by its SQL alone."""


@pytest.mark.stack
@pytest.mark.parametrize("package", SERVICES)
async def test_a_migrated_database_has_the_tables_that_the_code_knows(empty_database, package):
    await asyncio.to_thread(migrate, package=package, database_url=empty_database)

    def differences(connection: Connection) -> list[object]:
        return [
            difference
            for metadata in SERVICES[package]
            for difference in compare_metadata(_comparing(connection, metadata), metadata)
        ]

    engine = create_async_engine(empty_database)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def _comparing(connection: Connection, metadata: MetaData) -> MigrationContext:
    return MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
        },
    )


@pytest.mark.parametrize("package", SERVICES)
def test_a_migration_says_what_it_makes_and_does_not_ask_the_code_of_the_day(package):
    revisions = list(files(package).joinpath("migrations/versions").iterdir())
    written = [path.read_text("utf-8") for path in revisions if path.name.endswith(".py")]
    assert written
    for text in written:
        assert f"from {package}" not in text
        assert "create_shared_tables" not in text
        assert "create_all" not in text
