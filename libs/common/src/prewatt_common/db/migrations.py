"""Alembic, run from code: each service keeps its revisions in ``<package>/migrations/versions``."""

import asyncio
import logging
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from prewatt_common.db.rights import grant_rights

logger = logging.getLogger(__name__)

_LOCK_KEY = 0x6D696772
"""``migr``: of the advisory lock that lets one migration at a time into a database."""

SHARED_TABLES_0001 = """
CREATE TABLE consumer_offset (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    topic_id uuid NOT NULL,
    accepted_upto bigint NOT NULL DEFAULT 0,
    repeats_upto bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer_group, topic, partition)
);
CREATE TABLE offset_acceptance (
    id uuid PRIMARY KEY,
    consumer_group text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    old_offset bigint NOT NULL,
    old_topic_id uuid NOT NULL,
    new_offset bigint NOT NULL,
    new_topic_id uuid NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE dead_letter_replay (
    id uuid PRIMARY KEY,
    consumer_group text NOT NULL,
    source text NOT NULL,
    dead_at timestamptz NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX dead_letter_replay_source ON dead_letter_replay (source);
CREATE UNIQUE INDEX dead_letter_replay_handled
    ON dead_letter_replay (consumer_group, source, dead_at) WHERE outcome = 'handled';
CREATE TABLE outbox (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    key bytea NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE outbox ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE TABLE zone_data (
    version text PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
);
"""
"""What every service has (`prewatt_common.db.tables`), as its first revision makes it. Frozen like
any migration: a change of these tables is another text, for another revision of each service."""


def newest_revision(package: str) -> str:
    """The revision that the code of ``package`` is written for."""
    found = _script_of(package)[1].get_current_head()
    assert found is not None, f"{package} has no revision"
    return found


def migrate(*, package: str, database_url: str, service_role: str | None = None) -> None:
    """Bring the database to the newest revision of ``package``; does nothing when it is there.
    What it makes belongs to the role of ``database_url``; ``service_role`` gets the rights that a
    service needs (none: nobody does).

    Any number may run at once: one migrates, the others wait for it. A database that a newer
    release has migrated is left as it is, so that a replica of the previous one can still start.
    """
    config, script = _script_of(package)
    known = {revision.revision for revision in script.walk_revisions()}

    def steps(revision: Any, _: Any) -> Any:
        there = set(revision)
        if there - known:
            logger.warning(
                "the database is at revision %s, which this release does not know:"
                " a newer one has migrated it; left as it is",
                ", ".join(sorted(there - known)),
            )
            return []
        return script._upgrade_revs("head", revision)  # pyright: ignore[reportPrivateUsage]

    def upgrade(connection: Connection) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK_KEY)))
        with EnvironmentContext(config, script, fn=steps) as environment:
            environment.configure(connection=connection, transactional_ddl=True)
            with environment.begin_transaction():
                environment.run_migrations()
        if service_role is not None:
            grant_rights(connection, role=service_role)

    async def run() -> None:
        engine = create_async_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
        await engine.dispose()

    asyncio.run(run())


def _script_of(package: str) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files(package))) / "migrations"))
    return config, ScriptDirectory.from_config(config)


def execute_all(*texts: str) -> None:
    """For a revision: run the statements of ``texts``, each ended by a semicolon and a new line."""
    for text in texts:
        for statement in text.split(";\n"):
            if statement.strip():
                op.execute(statement)
