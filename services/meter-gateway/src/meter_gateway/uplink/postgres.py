"""What meters send reaches presence and commands in one transaction."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.commands.postgres import PostgresCommands
from meter_gateway.commands.rules import ANSWER_TIME
from meter_gateway.keys.postgres import PostgresKeys
from meter_gateway.presence.postgres import PostgresPresence
from prewatt_common.clock import Clock
from prewatt_common.db.database import Database, driver
from prewatt_common.kafka.messages import Message


class PostgresUnit:
    """A `Unit` on an open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.presence = PostgresPresence(connection)
        self.commands = PostgresCommands(connection)
        self.keys = PostgresKeys(connection)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox."""
        await self.commands.publish(messages)


@asynccontextmanager
async def open_unit(database: Database) -> AsyncGenerator[PostgresUnit]:
    """A transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresUnit(connection)


async def find_awaited(database: Database, clock: Clock) -> set[str]:
    """Meters that are offline, or should have answered a command or followed a key message that was
    sent once."""
    async with database.transaction() as connection:
        rows = await (await driver(connection)).fetch(
            "SELECT meter_id FROM device WHERE presence = 'offline' UNION ALL "
            "SELECT meter_id FROM command "
            "WHERE due_at IS NOT NULL AND attempts = 1 AND sent_at <= $1 UNION ALL "
            "SELECT meter_id FROM key_message WHERE attempts = 1 AND sent_at <= $1",
            clock() - ANSWER_TIME,
        )
    return {row["meter_id"] for row in rows}
