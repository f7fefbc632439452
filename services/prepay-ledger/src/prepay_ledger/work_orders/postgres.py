"""Work orders in PostgreSQL."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.work_orders.values import (
    Closing,
    NewWorkOrder,
    WorkOrder,
    WorkOrderKind,
    WorkOrderResult,
)
from prewatt_common.db.database import driver
from prewatt_common.ids import new_id

# Whoever closes the one that is open has it locked: the insert waits for that, then it is added.
_OPEN = """
INSERT INTO work_order (id, kind, meter_id, account_id, reason, evidence, opened_at, known_until)
SELECT n.id, n.kind, n.meter_id, n.account_id, n.reason, n.evidence::jsonb, $8, n.known_until
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[],
            $7::timestamptz[])
     AS n (id, kind, meter_id, account_id, reason, evidence, known_until)
WHERE NOT EXISTS (SELECT FROM work_order AS w WHERE w.meter_id = n.meter_id AND w.kind = n.kind
                    AND w.closed_at >= n.known_until)
ORDER BY n.meter_id, n.kind
ON CONFLICT (meter_id, kind) WHERE closed_at IS NULL DO NOTHING
RETURNING *
"""
# What is open already rests on the newest of it: older evidence does not close it.
_KNOWN_LONGER = """
WITH locked AS (
    SELECT w.id, n.known_until
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS n (meter_id, kind, known_until)
    JOIN work_order AS w ON w.meter_id = n.meter_id AND w.kind = n.kind
    WHERE w.closed_at IS NULL AND w.known_until < n.known_until
    ORDER BY w.id FOR UPDATE OF w
)
UPDATE work_order AS w SET known_until = newest.known_until
FROM (SELECT id, max(known_until) AS known_until FROM locked GROUP BY id) AS newest
WHERE w.id = newest.id
"""
# Locked in the order of their ids, so that two that close some of the same do not deadlock.
CLOSE_ALL = """
WITH locked AS (
    SELECT id FROM work_order
    WHERE (meter_id = ANY($1::text[]) OR account_id = ANY($7::uuid[]))
      AND kind = ANY($2::text[]) AND closed_at IS NULL
      AND NOT EXISTS (SELECT FROM unnest($7::uuid[], $8::timestamptz[]) AS k (account_id, at)
                      WHERE k.account_id = work_order.account_id
                        AND work_order.known_until >= k.at)
    ORDER BY id FOR UPDATE
)
UPDATE work_order AS w SET closed_at = $3, closed_by = $4, result = $5, note = $6
FROM locked WHERE w.id = locked.id
RETURNING w.*
"""
_CLOSE = """
UPDATE work_order SET closed_at = $2, closed_by = $3, result = $4, note = $5 WHERE id = $1
"""


class PostgresWorkOrders:
    """A `WorkOrderStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, orders: Sequence[NewWorkOrder], *, at: datetime) -> Sequence[WorkOrder]:
        """A meter's of one kind twice among them is opened once."""
        connection = await driver(self._connection)
        timed = [each for each in orders if each.known_until is not None]
        if timed:
            await connection.execute(
                _KNOWN_LONGER,
                [each.meter_id for each in timed],
                [each.kind for each in timed],
                [each.known_until for each in timed],
            )
        rows = await connection.fetch(
            _OPEN,
            [new_id() for _ in orders],
            [each.kind for each in orders],
            [each.meter_id for each in orders],
            [each.account_id for each in orders],
            [each.reason for each in orders],
            [json.dumps(dict(each.evidence)) for each in orders],
            [each.known_until for each in orders],
            at,
        )
        return [to_order(row) for row in rows]

    async def close_all(
        self,
        kinds: Collection[WorkOrderKind],
        closing: Closing,
        *,
        meter_ids: Collection[str] = (),
        account_ids: Collection[UUID] = (),
        known: Mapping[UUID, datetime],
    ) -> Sequence[WorkOrder]:
        """One statement."""
        rows = await (await driver(self._connection)).fetch(
            CLOSE_ALL,
            list(meter_ids),
            list(kinds),
            closing.at,
            closing.by,
            closing.result,
            closing.note,
            [*account_ids, *known],
            [*(None for _ in account_ids), *known.values()],
        )
        return [to_order(row) for row in rows]

    async def find(self, order_id: UUID) -> WorkOrder | None:
        """By its id."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM work_order WHERE id = $1", order_id
        )
        return None if row is None else to_order(row)

    async def lock(self, order_id: UUID) -> WorkOrder | None:
        """Waits for whoever has it."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM work_order WHERE id = $1 FOR UPDATE", order_id
        )
        return None if row is None else to_order(row)

    async def close(self, order_id: UUID, closing: Closing) -> None:
        """By its id."""
        await (await driver(self._connection)).execute(
            _CLOSE, order_id, closing.at, closing.by, closing.result, closing.note
        )


def to_order(row: Any) -> WorkOrder:
    """An order from its row."""
    closing = None
    if row["closed_at"] is not None:
        closing = Closing(
            at=row["closed_at"],
            by=row["closed_by"],
            result=WorkOrderResult(row["result"]),
            note=row["note"],
        )
    return WorkOrder(
        id=row["id"],
        kind=WorkOrderKind(row["kind"]),
        meter_id=row["meter_id"],
        account_id=row["account_id"],
        reason=row["reason"],
        evidence=row["evidence"],
        opened_at=row["opened_at"],
        closing=closing,
    )
