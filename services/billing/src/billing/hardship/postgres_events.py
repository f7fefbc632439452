"""Events in PostgreSQL: a batch is one statement."""

from collections.abc import Sequence

from billing.hardship.values import AccountEvent
from prewatt_common.db.database import DriverConnection
from prewatt_metering.calendar.instants import instant_of

_PUT = """
INSERT INTO hardship_event (account_id, kind, source, at, amount_micro)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])
ON CONFLICT (account_id, kind, source) DO NOTHING
"""


class PostgresEvents:
    """An `EventStore` on an open transaction."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    async def put(self, events: Sequence[AccountEvent]) -> None:
        """One statement."""
        if events:
            await self._connection.execute(
                _PUT,
                [each.account_id for each in events],
                [each.kind for each in events],
                [each.source for each in events],
                [instant_of(each.at_us) for each in events],
                [each.amount_micro for each in events],
            )
