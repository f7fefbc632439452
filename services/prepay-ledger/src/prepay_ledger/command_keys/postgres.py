"""Command keys, which of them each meter holds, and what each was told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from asyncpg import Record
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.command_keys.postgres_rows import ALL_KEYS, MISSING, keys_of
from prepay_ledger.command_keys.values import (
    NAMED_MAX,
    Asked,
    CommandKey,
    Keys,
    MeterKeys,
    Missing,
)
from prepay_ledger.epochs.postgres import current_epoch
from prepay_ledger.epochs.values import first_number
from prewatt_common.contracts.base import KeyAction
from prewatt_common.db.database import driver

_LOCK = 7203118
"""Advisory: there may be no row to lock yet."""

_CHANGE = """
UPDATE command_key SET rolled_by = $2, rolled_reason = $3, rolled_at = $4,
                       retired_by = $5, retired_reason = $6, retired_at = $7
WHERE key_id = $1
"""

_SIGNING = """
SELECT DISTINCT ON (m.meter_id) m.meter_id, m.key_id
FROM meter_key AS m JOIN command_key AS k USING (key_id)
WHERE m.meter_id = ANY($1::text[]) AND k.rolled_at IS NOT NULL AND k.retired_at IS NULL
ORDER BY m.meter_id, k.number DESC
"""

# A meter has several installations where it was moved: each meter is there once all the same.
_WINDOW = """
WITH s AS (
    SELECT DISTINCT i.meter_id FROM installation AS i
    WHERE i.begins_at <= $1 AND (i.ends_at IS NULL OR i.ends_at > $1) AND i.meter_id > $2
    ORDER BY i.meter_id LIMIT $3
)
SELECT s.meter_id, a.sequence, a.action, a.key_id AS asked_key, a.asked_at, h.key_ids, h.since
FROM s
LEFT JOIN key_asked AS a USING (meter_id)
LEFT JOIN LATERAL (
    SELECT array_agg(k.key_id) AS key_ids, array_agg(k.acknowledged_at) AS since
    FROM meter_key AS k WHERE k.meter_id = s.meter_id
) AS h ON true
ORDER BY s.meter_id
"""

_ASK = """
INSERT INTO key_asked (meter_id, sequence, action, key_id, asked_at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (meter_id) DO UPDATE
SET sequence = excluded.sequence, action = excluded.action, key_id = excluded.key_id,
    asked_at = excluded.asked_at
"""

_TOLD = """
INSERT INTO meter_key (meter_id, key_id, acknowledged_at)
SELECT $1, k.key_id, $3 FROM command_key AS k WHERE k.key_id = ANY($2::text[])
ON CONFLICT DO NOTHING
"""


class PostgresCommandKeys:
    """A `CommandKeyStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self) -> Keys:
        """Under a lock of our own."""
        connection = await driver(self._connection)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        return keys_of(await connection.fetch(ALL_KEYS))

    async def take(self) -> Keys | None:
        """The same lock."""
        connection = await driver(self._connection)
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return None
        return keys_of(await connection.fetch(ALL_KEYS))

    async def add(self, key: CommandKey) -> None:
        """Behind those there are."""
        await (await driver(self._connection)).execute(
            "INSERT INTO command_key (key_id, public_key, added_by, added_reason, added_at) "
            "VALUES ($1, $2, $3, $4, $5)",
            key.key_id,
            key.public_key,
            key.added.by,
            key.added.reason,
            key.added.at,
        )
        await self.change(key)

    async def change(self, key: CommandKey) -> None:
        """What was decided since it was added."""
        decided = [
            value
            for each in (key.rolled, key.retired)
            for value in ((None, None, None) if each is None else (each.by, each.reason, each.at))
        ]
        await (await driver(self._connection)).execute(_CHANGE, key.key_id, *decided)

    async def missing(self, key_id: str, *, now: datetime) -> Missing:
        """By one statement over all meters: it is asked when a person retires a key."""
        row = await (await driver(self._connection)).fetchrow(MISSING, now, key_id, NAMED_MAX)
        assert row is not None, "counts have a row"
        return Missing(**row)

    async def signing_keys(self, meter_ids: Sequence[str]) -> Mapping[str, str]:
        """By the order in which keys were added."""
        rows = await (await driver(self._connection)).fetch(_SIGNING, meter_ids)
        return {row["meter_id"]: row["key_id"] for row in rows}

    async def serving(self, *, after: str, limit: int, now: datetime) -> Sequence[MeterKeys]:
        """By the index of the meters' installations."""
        rows = await (await driver(self._connection)).fetch(_WINDOW, now, after, limit)
        return [_meter(row) for row in rows]

    async def first_sequence(self) -> int:
        """What the epoch begins above: a restore has forgotten numbers that meters know."""
        return first_number(await current_epoch(await driver(self._connection)))

    async def ask(self, asked: Mapping[str, Asked]) -> None:
        """In the place of what they were told before."""
        some = list(asked.values())
        await (await driver(self._connection)).execute(
            _ASK,
            list(asked),
            [each.sequence for each in some],
            [each.action for each in some],
            [each.key_id for each in some],
            [each.asked_at for each in some],
        )

    async def told(self, meter_id: str, key_ids: Sequence[str], *, at: datetime) -> None:
        """What it told before and still holds keeps its instant."""
        connection = await driver(self._connection)
        await connection.execute(
            "DELETE FROM meter_key WHERE meter_id = $1 AND key_id <> ALL($2::text[])",
            meter_id,
            list(key_ids),
        )
        await connection.execute(_TOLD, meter_id, list(key_ids), at)

    async def device_changed(self, meter_id: str) -> None:
        """The number of the last message stays: the next one is above it."""
        connection = await driver(self._connection)
        await connection.execute("DELETE FROM meter_key WHERE meter_id = $1", meter_id)
        await connection.execute(
            "UPDATE key_asked SET asked_at = 'epoch' WHERE meter_id = $1", meter_id
        )


def _meter(row: Record) -> MeterKeys:
    asked = row["sequence"] and Asked(
        sequence=row["sequence"],
        action=KeyAction(row["action"]),
        key_id=row["asked_key"],
        asked_at=row["asked_at"],
    )
    held: dict[str, datetime] = {}
    if row["key_ids"] is not None:
        held |= zip(row["key_ids"], row["since"], strict=True)
    return MeterKeys(meter_id=row["meter_id"], held=held, asked=asked)
