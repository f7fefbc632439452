"""One transaction's stores, put together."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.adapters.postgres.commands import PostgresCommands
from meter_gateway.adapters.postgres.devices import PostgresDevices
from meter_gateway.application.ports import CommandStore, DeviceStore
from prewatt_common.db.database import Database
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message


class PostgresUnit:
    """A `Unit` on an open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.commands: CommandStore = PostgresCommands(connection)
        self.devices: DeviceStore = PostgresDevices(connection)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox."""
        await outbox.append(self._connection, messages)


@asynccontextmanager
async def open_unit(database: Database) -> AsyncGenerator[PostgresUnit]:
    """A transaction of its own, for what does not come from Kafka."""
    async with database.transaction() as connection:
        yield PostgresUnit(connection)
