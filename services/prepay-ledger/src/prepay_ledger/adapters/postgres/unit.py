"""One transaction's stores, put together."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.adapters.postgres.accounts import PostgresAccounts
from prepay_ledger.adapters.postgres.charging import PostgresCharging
from prepay_ledger.adapters.postgres.journals import PostgresJournals
from prepay_ledger.adapters.postgres.payment_events import PostgresPaymentEvents
from prepay_ledger.adapters.postgres.payments import PostgresPayments
from prepay_ledger.adapters.postgres.supply import PostgresSupply
from prepay_ledger.application.ports import (
    AccountStore,
    ChargingStore,
    JournalStore,
    PaymentEventStore,
    PaymentStore,
    SupplyStore,
)
from prewatt_common.db.database import Database
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message


class PostgresUnit:
    """A `Unit` on an open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.charging: ChargingStore = PostgresCharging(connection)
        self.journals: JournalStore = PostgresJournals(connection)
        self.accounts: AccountStore = PostgresAccounts(connection)
        self.payments: PaymentStore = PostgresPayments(connection)
        self.payment_events: PaymentEventStore = PostgresPaymentEvents(connection)
        self.supply: SupplyStore = PostgresSupply(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """A SAVEPOINT."""
        async with self.connection.begin_nested():
            yield

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox."""
        await outbox.append(self.connection, messages)


@asynccontextmanager
async def open_unit(database: Database) -> AsyncGenerator[PostgresUnit]:
    """A transaction of its own, for what does not come from Kafka."""
    async with database.transaction() as connection:
        yield PostgresUnit(connection)
