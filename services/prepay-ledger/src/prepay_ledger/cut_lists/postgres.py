"""Lists of cuts and their lines."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.cut_lists.tables import cut_list
from prepay_ledger.cut_lists.values import (
    WAITS_FOR_LIST,
    CutList,
    LineState,
    Listed,
    ListState,
    Noted,
    Progress,
)
from prepay_ledger.facts.values import Decided
from prepay_ledger.procedures.values import Whose
from prewatt_common.contracts.procedure_v1 import ANY_CLASS
from prewatt_common.db.database import driver

_UNKNOWN = """
SELECT given.id FROM unnest($1::uuid[]) AS given (id)
WHERE NOT EXISTS (SELECT FROM account WHERE account.id = given.id)
"""
_NEWEST = """
SELECT DISTINCT ON (account_id) list_id, number, account_id, state
FROM cut_list_line WHERE account_id = ANY($1::uuid[]) ORDER BY account_id, list_id DESC
"""
_OF_LISTS = f"""
WITH newest AS ({_NEWEST})
SELECT * FROM cut_list WHERE id IN (SELECT list_id FROM newest) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - of constants
_COUNTS = """
count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS failed,
count(*) FILTER (WHERE state = 'dropped') AS dropped, count(*) FILTER (WHERE state = 'out') AS out,
count(*) FILTER (WHERE state = 'aside') AS aside
"""
_PROGRESS = f"""
SELECT list_id, {_COUNTS} FROM cut_list_line WHERE list_id = ANY($1::uuid[]) GROUP BY list_id
"""  # noqa: S608 - of constants
# The places of a list are counted once, however many of its accounts are asked for.
_PLACES = f"""
WITH newest AS MATERIALIZED ({_NEWEST}), places AS MATERIALIZED (
  SELECT list_id, number, row_number() OVER (PARTITION BY list_id ORDER BY number) AS place
  FROM cut_list_line WHERE list_id IN (SELECT list_id FROM newest) AND state = 'waiting')
SELECT n.list_id, n.account_id, n.state, coalesce(p.place, 0) AS place
FROM newest AS n LEFT JOIN places AS p ON p.list_id = n.list_id AND p.number = n.number
"""  # noqa: S608 - of constants
_NOTE = f"""
WITH newest AS MATERIALIZED ({_NEWEST}),
     given AS (SELECT * FROM unnest($1::uuid[], $2::text[]) AS g (account_id, state)),
     noted AS (UPDATE cut_list_line AS line SET state = g.state, at = $3
               FROM newest AS n JOIN given AS g USING (account_id)
               WHERE line.list_id = n.list_id AND line.number = n.number
                 AND line.state IN ('waiting', 'aside', 'out') AND line.state <> g.state
               RETURNING line.list_id, line.account_id)
SELECT noted.list_id, noted.account_id, n.state AS before, g.state AS after
FROM noted JOIN newest AS n USING (account_id) JOIN given AS g USING (account_id)
"""  # noqa: S608 - of constants
_WAITING = """
SELECT account_id FROM cut_list_line WHERE list_id = $1 AND state = 'waiting'
ORDER BY number LIMIT $2
"""
_CANDIDATES = """
SELECT a.id FROM account AS a
CROSS JOIN LATERAL (SELECT * FROM prepay_agreement AS p
                    WHERE p.account_id = a.id AND p.valid_from <= $5
                    ORDER BY version DESC LIMIT 1) AS p
WHERE a.supply_state = 'pending' AND string_to_array(a.held, ',') @> ARRAY[$4]
  AND string_to_array(a.held, ',') <@ ($6::text[] || $4) AND NOT p.is_ended
  AND p.jurisdiction = $1 AND ($2 = $7 OR p.customer_class = $2) AND p.mode = $3
ORDER BY a.exhausted_since, a.id LIMIT $8
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
        """Locked first: what is counted afterwards stands until our transaction ends."""
        connection = await driver(self._connection)
        ids = list(account_ids)
        lists = {row["id"]: to_list(row) for row in await connection.fetch(_OF_LISTS, ids)}
        if not lists:
            return {}
        progress = await self._progress(list(lists))
        return {
            row["account_id"]: Listed(
                lists[row["list_id"]],
                row["place"],
                LineState(row["state"]),
                progress[row["list_id"]],
            )
            for row in await connection.fetch(_PLACES, ids)
        }

    async def note(self, states: Mapping[UUID, LineState], *, now: datetime) -> Sequence[Noted]:
        """What has ended already is left as it is."""
        connection = await driver(self._connection)
        ids = list(states)
        lists = {row["id"]: to_list(row) for row in await connection.fetch(_OF_LISTS, ids)}
        rows = await connection.fetch(_NOTE, ids, [each.value for each in states.values()], now)
        progress = await self._progress(list({row["list_id"] for row in rows}))
        noted: list[Noted] = []
        for list_id, after in progress.items():
            of_it = [row for row in rows if row["list_id"] == list_id]
            before = after._asdict()
            for row in of_it:
                for state, by in ((row["before"], 1), (row["after"], -1)):
                    if state in before:
                        before[state] += by
            again = {row["account_id"] for row in of_it if row["after"] == LineState.WAITING}
            noted.append(Noted(lists[list_id], Progress(**before), after, again))
        return noted

    async def waiting(self, list_id: UUID, *, limit: int) -> Sequence[UUID]:
        """By the primary key."""
        rows = await (await driver(self._connection)).fetch(_WAITING, list_id, limit)
        return [row["account_id"] for row in rows]

    async def candidates(
        self, of: Whose, *, holds: Collection[str], now: datetime, limit: int
    ) -> Sequence[UUID]:
        """All that are pending are looked through: those are few."""
        rows = await (await driver(self._connection)).fetch(
            _CANDIDATES, *of, WAITS_FOR_LIST, now, list(holds), ANY_CLASS, limit
        )
        return [row["id"] for row in rows]

    async def progress(self, list_id: UUID) -> Progress:
        """Counted anew."""
        return (await self._progress([list_id])).get(list_id, Progress(0, 0, 0))

    async def _progress(self, list_ids: Sequence[UUID]) -> dict[UUID, Progress]:
        rows = await (await driver(self._connection)).fetch(_PROGRESS, list_ids)
        return {row["list_id"]: Progress(*list(row)[1:]) for row in rows}


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
