"""Work orders as people and dashboards look at them: read-only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.work_orders.postgres import to_order
from prepay_ledger.work_orders.values import WorkOrder, WorkOrderKind
from prewatt_common.db.database import Database, driver

_ORDERS = """
SELECT * FROM work_order
WHERE ($1::text IS NULL OR meter_id = $1) AND ($2::uuid IS NULL OR account_id = $2)
  AND ($3::text IS NULL OR kind = $3) AND ($4::boolean IS NULL OR (closed_at IS NULL) = $4)
  AND ($5::uuid IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6
"""
_OPEN = """
SELECT kind, count(*) AS orders, min(opened_at) AS oldest FROM work_order
WHERE closed_at IS NULL GROUP BY kind
"""


class OpenOrders(NamedTuple):
    """How many of a kind are open, and since when the oldest is."""

    orders: int
    oldest: datetime


class WorkOrderQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def orders(
        self,
        *,
        meter_id: str | None,
        account_id: UUID | None,
        kind: WorkOrderKind | None,
        open_: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[WorkOrder]:
        """The newest first, older than ``before``."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _ORDERS, meter_id, account_id, kind, open_, before, limit
            )
        return [to_order(row) for row in rows]

    async def open_by_kind(self) -> Mapping[WorkOrderKind, OpenOrders]:
        """Of the kinds that have any."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(_OPEN)
        return {
            WorkOrderKind(row["kind"]): OpenOrders(row["orders"], row["oldest"]) for row in rows
        }
