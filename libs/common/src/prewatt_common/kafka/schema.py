"""Whether the database is what a release is written for, asked before its consumers begin."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text

from prewatt_common.db.database import Database
from prewatt_common.db.migrations import newest_revision
from prewatt_common.kafka.stops import WrongSchema


def fits(database: Database, *, package: str) -> Callable[[], Awaitable[None]]:
    """A check that raises `WrongSchema` unless ``database`` is at the newest revision of
    ``package``: a handler on another's tables would take good records for failures."""
    wanted = newest_revision(package)

    async def check() -> None:
        async with database.transaction() as connection:
            any_ = await connection.scalar(text("SELECT to_regclass('alembic_version')::text"))
            found = (
                await connection.scalar(
                    text("SELECT string_agg(version_num, ', ') FROM alembic_version")
                )
                if any_
                else None
            )
        if found != wanted:
            message = (
                f"the database is at revision {found or 'none'}, and this release is written for "
                f"{wanted}. Nothing is consumed until it fits: migrate the database, or run the "
                "release that it fits"
            )
            raise WrongSchema(message)

    return check
