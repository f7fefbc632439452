"""Key messages on their way to meters."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.commands.command import Heard
from meter_gateway.commands.rules import ANSWER_TIME
from meter_gateway.keys.key_message import Arrived, KeyMessageToSend, KeysTold
from prewatt_common.db.database import Database, driver

_HOLD = """
INSERT INTO key_message (meter_id, sequence, signed, issued_at, due_at)
SELECT k.*, $5 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[])
    AS k (meter_id, sequence, signed, issued_at) ORDER BY k.meter_id
ON CONFLICT (meter_id) DO UPDATE
SET sequence = excluded.sequence, signed = excluded.signed, issued_at = excluded.issued_at,
    due_at = excluded.due_at, attempts = 0, sent_at = NULL
WHERE key_message.sequence < excluded.sequence
"""

_DUE = """
SELECT k.meter_id, k.sequence, k.signed FROM key_message AS k
WHERE k.due_at <= $1
AND NOT EXISTS (SELECT FROM command AS c WHERE c.meter_id = k.meter_id AND c.due_at IS NOT NULL)
ORDER BY k.due_at LIMIT $2 FOR UPDATE OF k SKIP LOCKED
"""

_SENT = """
UPDATE key_message AS k SET due_at = NULL, attempts = attempts + 1, sent_at = $3
FROM unnest($1::text[], $2::bigint[]) AS s (meter_id, sequence)
WHERE k.meter_id = s.meter_id AND k.sequence = s.sequence
"""

_SEND_AGAIN = """
UPDATE key_message AS k SET due_at = $4
FROM unnest($1::text[], $2::timestamptz[], $3::boolean[]) AS h (meter_id, at, came)
WHERE k.meter_id = h.meter_id AND k.due_at IS NULL
AND (h.came OR (k.attempts = 1 AND k.sent_at <= h.at - $5::interval))
"""

_FOLLOWED = """
DELETE FROM key_message AS k
USING unnest($1::text[], $2::bigint[]) AS t (meter_id, sequence)
WHERE k.meter_id = t.meter_id AND k.sequence <= t.sequence
"""


class PostgresKeys:
    """`KeyArrivalStore`, `KeyDueStore` and `KeyReportStore` on an open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, messages: Sequence[Arrived], *, now: datetime) -> None:
        """A repeated one changes nothing."""
        await (await driver(self._connection)).execute(
            _HOLD,
            [each.meter_id for each in messages],
            [each.sequence for each in messages],
            [each.signed for each in messages],
            [each.issued_at for each in messages],
            now,
        )

    async def due(self, *, now: datetime, limit: int) -> Sequence[KeyMessageToSend]:
        """Those longest due first; another replica's are skipped."""
        rows = await (await driver(self._connection)).fetch(_DUE, now, limit)
        return [KeyMessageToSend(**row) for row in rows]

    async def sent(self, messages: Sequence[KeyMessageToSend], *, now: datetime) -> None:
        """They went to the broker."""
        await (await driver(self._connection)).execute(
            _SENT,
            [each.meter_id for each in messages],
            [each.sequence for each in messages],
            now,
        )

    async def send_again(self, heard: Sequence[Heard], *, now: datetime) -> None:
        """It may be one copy too many, which a meter answers by telling its keys again."""
        await (await driver(self._connection)).execute(
            _SEND_AGAIN,
            [each.meter_id for each in heard],
            [each.at for each in heard],
            [each.came for each in heard],
            now,
            ANSWER_TIME,
        )

    async def followed(self, told: Sequence[KeysTold]) -> None:
        """One statement: a whole fleet may tell at once."""
        await (await driver(self._connection)).execute(
            _FOLLOWED,
            [each.meter_id for each in told],
            [each.key_sequence for each in told],
        )


@asynccontextmanager
async def open_keys(database: Database) -> AsyncGenerator[PostgresKeys]:
    """In a transaction of its own."""
    async with database.transaction() as connection:
        yield PostgresKeys(connection)
