"""Reconnections in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.reconnections.ports import Held, Watched
from prepay_ledger.reconnections.rules import CLOCK_BORNE
from prepay_ledger.reconnections.values import LOAD_AWAITED, Cause, Reconnection, Register
from prepay_ledger.relays.postgres import SERVES
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.db.database import driver
from prewatt_metering.calendar.instants import instant_of

OPEN = "done_at IS NULL AND superseded_at IS NULL"
_SECOND = timedelta(seconds=1)
_ADDED = {
    "id": "uuid", "account_id": "uuid", "meter_id": "text", "cause": "text",
    "caused_at": "timestamptz", "issued_at": "timestamptz", "opened_at": "timestamptz",
    "lifts_limit": "boolean",
    "load_within_s": "int", "credit_micro": "bigint", "deadline_at": "timestamptz",
}  # fmt: skip
_MOVING = {
    "deadline_at": "timestamptz", "sent_at": "timestamptz", "answered_at": "timestamptz",
    "armed_at": "timestamptz", "closed_at": "timestamptz", "load_at": "timestamptz",
    "base_at": "timestamptz", "base_wh": "bigint", "breached_at": "timestamptz",
    "breach_stage": "text", "journal_id": "bigint", "done_at": "timestamptz",
    "superseded_at": "timestamptz", "is_timed": "boolean",
}  # fmt: skip


def _unnested(columns: Mapping[str, str]) -> str:
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(columns.values(), start=1))
    return f"unnest({arrays}) AS n ({', '.join(columns)})"


# In the order of meters, so that two that begin some of the same do not deadlock.
_ADD = f"""
INSERT INTO reconnection ({", ".join(_ADDED)}) SELECT n.* FROM {_unnested(_ADDED)}
ORDER BY n.meter_id
ON CONFLICT (meter_id) WHERE {OPEN} DO NOTHING
RETURNING id
"""  # noqa: S608 - of constants
_LOCK = f"""
SELECT * FROM reconnection WHERE meter_id = ANY($1::text[]) AND {OPEN}
ORDER BY meter_id FOR UPDATE
"""  # noqa: S608 - of constants
_SAVE = f"""
UPDATE reconnection AS r SET {", ".join(f"{name} = n.{name}" for name in _MOVING)}
FROM {_unnested({"id": "uuid", **_MOVING})} WHERE r.id = n.id
"""  # noqa: S608 - of constants

# A reading counts from then on, as `with_register` has it.
_READ_SINCE = "coalesce(base_at, greatest(issued_at, opened_at + $2::interval))"
_WATCHED = f"""
FROM reconnection LEFT JOIN meter_state USING (meter_id)
CROSS JOIN LATERAL (
    SELECT last_at_us > extract(epoch FROM {_READ_SINCE}) * 1000000 AND NOT lifts_limit AS is_read
) AS s
WHERE {OPEN}
  AND (is_read OR closed_at <= $1
       OR NOT is_timed AND (closed_at IS NOT NULL OR armed_at IS NOT NULL))
"""  # noqa: S608 - of constants
_ACCOUNTS_TO_LOOK_AT = f"SELECT DISTINCT account_id {_WATCHED} LIMIT $3"
_TO_LOOK_AT = f"""
SELECT reconnection.*, CASE WHEN is_read THEN last_at_us END AS last_at_us, last_wh
{_WATCHED} AND account_id = ANY($3::uuid[])
ORDER BY meter_id FOR UPDATE OF reconnection SKIP LOCKED
"""
_LATE = f"FROM reconnection WHERE {OPEN} AND breached_at IS NULL AND deadline_at <= $1"
_LATE_ACCOUNTS = f"""
SELECT DISTINCT account_id FROM (SELECT account_id {_LATE} ORDER BY deadline_at LIMIT $2) AS late
"""  # noqa: S608 - of constants
_LATE_OF = f"""
SELECT * {_LATE} AND account_id = ANY($2::uuid[]) ORDER BY meter_id FOR UPDATE SKIP LOCKED
"""
_ELSEWHERE = f"""
SELECT meter_id FROM reconnection AS r WHERE {OPEN} AND account_id = ANY($1::uuid[])
AND NOT EXISTS (SELECT FROM installation AS i
                WHERE i.meter_id = r.meter_id AND i.account_id = r.account_id AND {SERVES})
"""  # noqa: S608 - of constants
_HOLD = """
SELECT id, currency, balance_micro FROM account WHERE id = ANY($1::uuid[])
ORDER BY id FOR NO KEY UPDATE
"""


class PostgresReconnections:
    """A `ReconnectionStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, some: Sequence[Reconnection]) -> Sequence[UUID]:
        """One statement."""
        rows = [_values(each) for each in some]
        added = await (await driver(self._connection)).fetch(
            _ADD, *([row[name] for row in rows] for name in _ADDED)
        )
        return [row["id"] for row in added]

    async def lock(self, meter_ids: Collection[str]) -> Sequence[Reconnection]:
        """In the order of meters; waits for whoever has one."""
        rows = await (await driver(self._connection)).fetch(_LOCK, list(meter_ids))
        return [to_reconnection(row) for row in rows]

    async def save(self, some: Sequence[Reconnection]) -> None:
        """One statement; what a reconnection began with is never changed."""
        if not some:
            return
        rows = [_values(each) for each in some]
        await (await driver(self._connection)).execute(
            _SAVE, *([row[name] for row in rows] for name in ("id", *_MOVING))
        )

    async def elsewhere(self, account_ids: Collection[UUID], *, now: datetime) -> Sequence[str]:
        """By the installations as they are now."""
        rows = await (await driver(self._connection)).fetch(_ELSEWHERE, list(account_ids), now)
        return [row["meter_id"] for row in rows]

    async def accounts_to_look_at(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """By the index of what is open."""
        rows = await (await driver(self._connection)).fetch(
            _ACCOUNTS_TO_LOOK_AT, now - LOAD_AWAITED, CLOCK_BORNE, limit
        )
        return [row["account_id"] for row in rows]

    async def to_look_at(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Sequence[Watched]:
        """In the order of meters."""
        rows = await (await driver(self._connection)).fetch(
            _TO_LOOK_AT, now - LOAD_AWAITED, CLOCK_BORNE, list(account_ids)
        )
        return [
            Watched(
                to_reconnection(row),
                None
                if row["last_at_us"] is None
                else Register(instant_of(row["last_at_us"]), row["last_wh"]),
            )
            for row in rows
        ]

    async def late_accounts(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Of those that are late for longest."""
        rows = await (await driver(self._connection)).fetch(_LATE_ACCOUNTS, now, limit)
        return [row["account_id"] for row in rows]

    async def late(self, account_ids: Collection[UUID], *, now: datetime) -> Sequence[Reconnection]:
        """In the order of meters."""
        rows = await (await driver(self._connection)).fetch(_LATE_OF, now, list(account_ids))
        return [to_reconnection(row) for row in rows]

    async def hold_accounts(self, account_ids: Collection[UUID]) -> Mapping[UUID, Held]:
        """As `PostgresSupply.lock` does."""
        rows = await (await driver(self._connection)).fetch(_HOLD, list(account_ids))
        return {row["id"]: Held(row["currency"], row["balance_micro"]) for row in rows}


def to_reconnection(row: Any) -> Reconnection:
    """A reconnection from its row."""
    load_within_s, stage = row["load_within_s"], row["breach_stage"]
    same = (
        "id", "account_id", "meter_id", "caused_at", "issued_at", "opened_at", "credit_micro",
        "deadline_at", "sent_at", "answered_at", "armed_at", "closed_at", "load_at", "breached_at",
        "journal_id", "done_at", "superseded_at", "is_timed", "lifts_limit",
    )  # fmt: skip
    return Reconnection(
        **{name: row[name] for name in same},
        cause=Cause(row["cause"]),
        load_within=None if load_within_s is None else timedelta(seconds=load_within_s),
        base=None if row["base_at"] is None else Register(row["base_at"], row["base_wh"]),
        breach_stage=None if stage is None else ReconnectionStage(stage),
    )


def _values(of: Reconnection) -> dict[str, Any]:
    values = {name: getattr(of, name, None) for name in ("id", *_ADDED, *_MOVING)}
    return values | {
        "load_within_s": None if of.load_within is None else of.load_within // _SECOND,
        "base_at": None if of.base is None else of.base.at,
        "base_wh": None if of.base is None else of.base.wh,
    }
