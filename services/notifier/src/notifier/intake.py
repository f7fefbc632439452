"""A batch of the ledger's events, taken in one transaction by all that want it."""

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.contacts.consents import Purpose
from notifier.notices.calls import LedgerEvent
from notifier.notices.postgres_book import PostgresNoticeBook
from notifier.notices.take_ledger_events import TakeLedgerEvents
from notifier.webhooks.postgres_messages import PostgresMessages
from notifier.webhooks.take_events import TakeEvents
from prewatt_common.db.database import driver
from prewatt_common.kafka.batches import AfterCommit, Handle
from prewatt_common.kafka.decoding import Delivered


def in_book(
    refusable: Collection[Purpose], for_customers: TakeLedgerEvents, for_systems: TakeEvents | None
) -> Handle[LedgerEvent]:
    """Notices for customers, and messages for other systems."""

    async def handle(
        connection: AsyncConnection, batch: Sequence[Delivered[LedgerEvent]]
    ) -> AfterCommit:
        inner = await driver(connection)
        book = PostgresNoticeBook(connection, inner, refusable=refusable)
        told = await for_customers(book, batch)
        queued = for_systems and await for_systems(PostgresMessages(inner), batch)

        def after_commit() -> None:
            told()
            if queued is not None:
                queued()

        return after_commit

    return handle
