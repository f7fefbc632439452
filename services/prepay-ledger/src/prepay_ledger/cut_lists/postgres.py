"""Lists of cuts and their lines."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.cut_lists.tables import cut_list
from prepay_ledger.cut_lists.values import CutList, LineState, Listed, ListState, Progress
from prepay_ledger.facts.values import Decided
from prewatt_common.db.database import driver

_UNKNOWN = """
SELECT given.id FROM unnest($1::uuid[]) AS given (id)
WHERE NOT EXISTS (SELECT FROM account WHERE account.id = given.id)
"""
_NEWEST = """
SELECT DISTINCT ON (account_id) list_id, number, account_id, state
FROM cut_list_line WHERE account_id = ANY($1::uuid[]) ORDER BY account_id, list_id DESC
"""
_LISTED = f"""
WITH newest AS MATERIALIZED ({_NEWEST}), counted AS (
  SELECT list_id, count(*) FILTER (WHERE state = 'done') AS done,
         count(*) FILTER (WHERE state = 'failed') AS failed,
         count(*) FILTER (WHERE state = 'dropped') AS dropped
  FROM cut_list_line WHERE list_id IN (SELECT list_id FROM newest) GROUP BY list_id
)
SELECT l.*, n.number, n.account_id, n.state AS line_state, c.done, c.failed, c.dropped
FROM newest AS n JOIN cut_list AS l ON l.id = n.list_id JOIN counted AS c ON c.list_id = l.id
"""  # noqa: S608 - of constants
_FINISH = f"""
WITH newest AS ({_NEWEST})
UPDATE cut_list_line AS line SET state = $2, at = $3 FROM newest AS n
WHERE line.list_id = n.list_id AND line.number = n.number AND line.state = 'waiting'
RETURNING line.list_id
"""  # noqa: S608 - of constants
_WAITING = """
SELECT account_id FROM cut_list_line WHERE list_id = ANY($1::uuid[]) AND state = 'waiting'
"""
_PROGRESS = """
SELECT count(*) FILTER (WHERE state = 'done') AS done,
       count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE state = 'dropped') AS dropped
FROM cut_list_line WHERE list_id = $1
"""


class PostgresCutLists:
    """A `CutListStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, made: CutList, account_ids: Sequence[UUID]) -> None:
        """The list's row, and its lines by COPY."""
        await self._connection.execute(insert(cut_list).values(**_row(made)))
        await (await driver(self._connection)).copy_records_to_table(
            "cut_list_line",
            records=[
                (made.id, number, account_id, LineState.WAITING.value)
                for number, account_id in enumerate(account_ids, 1)
            ],
            columns=["list_id", "number", "account_id", "state"],
        )

    async def lock(self, list_id: UUID) -> CutList | None:
        """Waits for whoever has it."""
        query = select(cut_list).where(cut_list.c.id == list_id).with_for_update()
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else to_list(row)

    async def change(self, made: CutList) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(cut_list).where(cut_list.c.id == made.id).values(**_row(made))
        )

    async def unknown(self, account_ids: Collection[UUID]) -> Sequence[UUID]:
        """By the primary key."""
        rows = await (await driver(self._connection)).fetch(_UNKNOWN, list(account_ids))
        return [row["id"] for row in rows]

    async def listed(self, account_ids: Collection[UUID]) -> Mapping[UUID, Listed]:
        """One statement: the lines of a list are counted once, however many of it are asked for."""
        rows = await (await driver(self._connection)).fetch(_LISTED, list(account_ids))
        lists: dict[UUID, CutList] = {}
        for row in rows:
            if row["id"] not in lists:
                lists[row["id"]] = to_list(row)
        return {
            row["account_id"]: Listed(
                lists[row["id"]],
                row["number"],
                LineState(row["line_state"]),
                Progress(row["done"], row["failed"], row["dropped"]),
            )
            for row in rows
        }

    async def finish(
        self, account_ids: Collection[UUID], *, state: LineState, now: datetime
    ) -> Collection[UUID]:
        """What has ended already is left as it is."""
        rows = await (await driver(self._connection)).fetch(
            _FINISH, list(account_ids), state.value, now
        )
        return {row["list_id"] for row in rows}

    async def waiting(self, list_ids: Collection[UUID]) -> Sequence[UUID]:
        """By the primary key."""
        rows = await (await driver(self._connection)).fetch(_WAITING, list(list_ids))
        return [row["account_id"] for row in rows]

    async def progress(self, list_id: UUID) -> Progress:
        """Counted anew."""
        row = await (await driver(self._connection)).fetchrow(_PROGRESS, list_id)
        assert row is not None, "an aggregate has a row"
        return Progress(*row)


def to_list(row: RowMapping | asyncpg.Record) -> CutList:
    """A list from its row."""
    return CutList(
        id=row["id"],
        state=ListState(row["state"]),
        cited=row["cited"],
        local_day=row["local_day"],
        lines=row["lines"],
        accounts_sha256=row["accounts_sha256"],
        drafted=Decided(by=row["drafted_by"], reason=row["reason"], at=row["drafted_at"]),
        approved=_decided(row["approved_by"], row["approval_reason"], row["approved_at"]),
        stopped=_decided(row["stopped_by"], row["stop_reason"], row["stopped_at"]),
    )


def _decided(by: str | None, reason: str | None, at: Any) -> Decided | None:
    return None if by is None or reason is None else Decided(by=by, reason=reason, at=at)


def _row(made: CutList) -> dict[str, Any]:
    approved, stopped = made.approved, made.stopped
    return {
        "id": made.id,
        "state": made.state.value,
        "cited": made.cited,
        "local_day": made.local_day,
        "lines": made.lines,
        "accounts_sha256": made.accounts_sha256,
        "drafted_by": made.drafted.by,
        "reason": made.drafted.reason,
        "drafted_at": made.drafted.at,
        "approved_by": None if approved is None else approved.by,
        "approval_reason": None if approved is None else approved.reason,
        "approved_at": None if approved is None else approved.at,
        "stopped_by": None if stopped is None else stopped.by,
        "stop_reason": None if stopped is None else stopped.reason,
        "stopped_at": None if stopped is None else stopped.at,
    }
