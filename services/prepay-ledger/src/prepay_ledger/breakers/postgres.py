"""What holds cuts, and how many were admitted, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.breakers.postgres_rows import HOLDS, scope_of, to_hold
from prepay_ledger.breakers.rules import minute_of
from prepay_ledger.breakers.values import (
    ALL,
    HELD_SLACK,
    KEEPS_ON,
    Asked,
    Count,
    CutHold,
    Scope,
    State,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutScope
from prewatt_common.db.database import driver
from prewatt_common.ids import new_id

_WINDOW = 5_000
"""Accounts that are looked through in one statement, some 10 ms."""
_COUNTS_KEPT = timedelta(hours=1)
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)

_LOAD = f"""
WITH standing AS ({HOLDS} WHERE e.hold_id IS NULL
                  AND (h.held_until IS NULL OR h.held_until > now() - interval '1 hour'))
SELECT g.changed, EXISTS (SELECT FROM cut_undo WHERE state = ANY($1::text[])) AS keeps_on,
       standing.*
FROM cut_gate AS g LEFT JOIN standing ON true
"""  # noqa: S608 - of constants
# An agreement's days are of its tariff's zone: a day more on both sides, for the hour in which one
# follows another is no reason to be held by neither. An account with several meters, or tariffs, is
# in several rows.
_ASKED = """
SELECT s.tariff_code, m.supply_office, m.station_area, m.line, array_agg(a.id) AS account_ids
FROM unnest($1::uuid[]) AS a (id)
LEFT JOIN agreement AS s ON s.account_id = a.id
  AND s.first_day <= $2::timestamptz::date + 1
  AND (s.end_day IS NULL OR s.end_day >= $2::timestamptz::date)
LEFT JOIN installation AS i ON i.account_id = a.id
  AND i.begins_at <= $2::timestamptz AND (i.ends_at IS NULL OR i.ends_at > $2::timestamptz)
LEFT JOIN meter AS m ON m.meter_id = i.meter_id
GROUP BY 1, 2, 3, 4
"""
# Not joined: a plan that was made while nobody waited would look through all for each.
_WAITING = "SELECT account_id FROM cut_wait WHERE account_id = ANY($1::uuid[]) AND good_until > $2"
_KEPT_ON = """
SELECT DISTINCT account_id FROM cut_undo_account JOIN cut_undo ON cut_undo.id = undo_id
WHERE account_id = ANY($1::uuid[]) AND state = ANY($2::text[])
"""
_COUNTS = """
SELECT scope, name, wanted, admitted, paced
FROM cut_count JOIN unnest($2::text[], $3::text[]) AS s (scope, name) USING (scope, name)
WHERE minute = $1
"""
_COUNT = """
WITH old AS (DELETE FROM cut_count WHERE minute < $7)
INSERT INTO cut_count (minute, scope, name, wanted, admitted, paced)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::int[], $5::int[], $6::int[])
ON CONFLICT (minute, scope, name) DO UPDATE
SET wanted = excluded.wanted, admitted = excluded.admitted, paced = excluded.paced
"""
_WAIT = """
INSERT INTO cut_wait (account_id, good_until)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (account_id) DO UPDATE SET good_until = excluded.good_until
WHERE cut_wait.good_until < excluded.good_until
"""
_PLACE = """
INSERT INTO cut_hold (id, scope, name, held_until, tripped_scope, tripped_name, wanted,
                      trip_per_min, held_by, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_END = "INSERT INTO cut_hold_end (hold_id, ended_by, reason, at) VALUES ($1, $2, $3, $4)"

# One row, which whoever follows holds.
_TAKE = "SELECT changed, upto, is_done FROM cut_follow FOR UPDATE SKIP LOCKED"
_GO_ON = "UPDATE cut_follow SET changed = $1, upto = $2, is_done = $3"
# Accounts whose cut is held or in flight: of no others does a hold change anything. Who is held
# for another reason is looked at once more, and nothing comes of it.
_FOLLOW = f"""
WITH seen AS (
  SELECT id, supply_state FROM account WHERE $1::uuid IS NULL OR id > $1
  ORDER BY id LIMIT {_WINDOW}
), due AS (
  SELECT id FROM account
  WHERE id IN (SELECT id FROM seen WHERE supply_state IN ('pending', 'disconnecting'))
  ORDER BY id FOR NO KEY UPDATE
), told AS (
  UPDATE account SET recheck_at = $2 FROM due
  WHERE account.id = due.id AND (account.recheck_at IS NULL OR account.recheck_at > $2)
)
SELECT count(*) AS seen, (SELECT id FROM seen ORDER BY id DESC LIMIT 1) AS last FROM seen
"""  # noqa: S608 - of constants

_kept: dict[UUID, State] = {}
"""The last state that was loaded. Each change has an id of its own, which never comes again."""


class PostgresBreakers:
    """A `BreakerStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def state(self) -> State:
        """Loaded only where it is not the one that was loaded last."""
        return await self._state("SELECT changed FROM cut_gate")

    async def hold_state(self) -> State:
        """Its row locked."""
        return await self._state("SELECT changed FROM cut_gate FOR UPDATE")

    async def _state(self, ask: str) -> State:
        connection = await driver(self._connection)
        known = _kept.get(await connection.fetchval(ask))
        if known is not None:
            return known
        rows = await connection.fetch(_LOAD, list(KEEPS_ON))
        state = State(
            changed=rows[0]["changed"],
            holds=tuple(to_hold(row) for row in rows if row["id"] is not None),
            keeps_on=rows[0]["keeps_on"],
        )
        _kept.clear()
        _kept[state.changed] = state
        return state

    async def asked(self, account_ids: Collection[UUID], *, now: datetime) -> Sequence[Asked]:
        """Two statements."""
        connection, ids = await driver(self._connection), list(account_ids)
        groups = [
            (_scopes(*row[:4]), row["account_ids"])
            for row in await connection.fetch(_ASKED, ids, now)
        ]
        waiting = {row["account_id"] for row in await connection.fetch(_WAITING, ids, now)}
        if waiting or sum(len(some) for _, some in groups) > len(ids):
            return _each_once(groups, waiting)
        return [Asked(some, scopes, wait=False) for scopes, some in groups]

    async def kept_on(self, account_ids: Collection[UUID]) -> Collection[UUID]:
        """By an undo that was released and has not ended."""
        rows = await (await driver(self._connection)).fetch(
            _KEPT_ON, list(account_ids), list(KEEPS_ON)
        )
        return {row["account_id"] for row in rows}

    async def counts(self, minute: datetime, scopes: Collection[Scope]) -> Mapping[Scope, Count]:
        """Those that there are."""
        rows = await (await driver(self._connection)).fetch(
            _COUNTS, minute, [scope.kind for scope in scopes], [scope.name for scope in scopes]
        )
        return {scope_of(row[0], row[1]): Count(*row[2:]) for row in rows}

    async def count(self, minute: datetime, counts: Mapping[Scope, Count]) -> None:
        """In place; what is older than an hour goes."""
        await (await driver(self._connection)).execute(
            _COUNT,
            minute,
            [scope.kind for scope in counts],
            [scope.name for scope in counts],
            [count.wanted for count in counts.values()],
            [count.admitted for count in counts.values()],
            [count.paced for count in counts.values()],
            minute - _COUNTS_KEPT,
        )

    async def count_anew(self, now: datetime) -> None:
        """What was admitted stays counted."""
        await (await driver(self._connection)).execute(
            "UPDATE cut_count SET wanted = 0 WHERE minute >= $1", minute_of(now)
        )

    async def wait(self, until: Mapping[UUID, datetime | None]) -> None:
        """One statement; none where nobody waits."""
        if until:
            await (await driver(self._connection)).execute(
                _WAIT, list(until), [each or _FOR_EVER for each in until.values()]
            )

    async def wait_no_more(self, account_ids: Collection[UUID]) -> None:
        """One statement; none where nobody did."""
        if account_ids:
            await (await driver(self._connection)).execute(
                "DELETE FROM cut_wait WHERE account_id = ANY($1::uuid[])", list(account_ids)
            )

    async def waits_end(self, now: datetime) -> None:
        """And those that have ended go."""
        connection = await driver(self._connection)
        await connection.execute("DELETE FROM cut_wait WHERE good_until < $1", now)
        await connection.execute(
            "UPDATE cut_wait SET good_until = $1 WHERE good_until = $2",
            now + HELD_SLACK,
            _FOR_EVER,
        )

    async def place(self, holds: Sequence[CutHold]) -> None:
        """A row each."""
        await (await driver(self._connection)).executemany(
            _PLACE,
            [
                (
                    hold.id, *hold.scope, hold.until,
                    *((None,) * 4 if hold.trip is None else
                      (*hold.trip.scope, hold.trip.wanted, hold.trip.trip_per_min)),
                    hold.placed.by, hold.placed.reason, hold.placed.at,
                )
                for hold in holds
            ],
        )  # fmt: skip
        await self.changes()

    async def hold(self, hold_id: UUID) -> CutHold | None:
        """None where there is none."""
        row = await (await driver(self._connection)).fetchrow(f"{HOLDS} WHERE h.id = $1", hold_id)
        return None if row is None else to_hold(row)

    async def end(self, hold_id: UUID, decided: Decided) -> None:
        """A row of its own."""
        await (await driver(self._connection)).execute(
            _END, hold_id, decided.by, decided.reason, decided.at
        )
        await self.changes()

    async def changes(self) -> None:
        """Nobody remembers the new one."""
        await (await driver(self._connection)).execute("UPDATE cut_gate SET changed = $1", new_id())

    async def follow(self, *, now: datetime) -> bool:
        """A change that comes meanwhile is followed from the first account on, after this one."""
        connection = await driver(self._connection)
        taken = await connection.fetchrow(_TAKE)
        if taken is None:
            return False
        following, upto = taken["changed"], taken["upto"]
        if taken["is_done"]:
            following, upto = await connection.fetchval("SELECT changed FROM cut_gate"), None
            if following == taken["changed"]:
                return False
        row = await connection.fetchrow(_FOLLOW, upto, now)
        assert row is not None, "an aggregate has a row"
        is_done = row["seen"] < _WINDOW
        await connection.execute(_GO_ON, following, row["last"], is_done)
        return True


def _scopes(
    tariff: str | None, supply_office: str | None, station_area: str | None, line: str | None
) -> tuple[Scope, ...]:
    named = (
        (CutScope.TARIFF, tariff),
        (CutScope.SUPPLY_OFFICE, supply_office),
        (CutScope.STATION_AREA, station_area),
        (CutScope.LINE, line),
    )
    return ALL, *(Scope(kind, name) for kind, name in named if name is not None)


def _each_once(
    groups: Sequence[tuple[tuple[Scope, ...], Sequence[UUID]]], waiting: Collection[UUID]
) -> Sequence[Asked]:
    """Each account with all of its scopes, and those that wait apart."""
    scopes: dict[UUID, tuple[Scope, ...]] = {}
    for some, account_ids in groups:
        for account_id in account_ids:
            known = scopes.get(account_id)
            scopes[account_id] = some if known is None else tuple(sorted({*known, *some}))
    together: dict[tuple[tuple[Scope, ...], bool], list[UUID]] = {}
    for account_id, some in scopes.items():
        together.setdefault((some, account_id in waiting), []).append(account_id)
    return [Asked(ids, some, wait) for (some, wait), ids in together.items()]
