"""Supply states and decisions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.postgres import RECHECK, select_account, to_account
from prepay_ledger.balances.tables import account as account_table
from prepay_ledger.policies.in_force import areas_of
from prepay_ledger.policies.values import Area
from prepay_ledger.relays.postgres import SERVES, PostgresRelays
from prepay_ledger.relays.values import Relay
from prepay_ledger.supply.values import NextReview, StoredDecision, SupplyView
from prewatt_common.db.database import ROWS_FEW, driver, insert_rows
from prewatt_metering.vee.registry import CHECKS

_GOING_ON = ", ".join(repr(each.check_id) for each in CHECKS if each.goes_on)
GOES_ON = f"f.check_id IN ({_GOING_ON})"
"""Of finding f: it is a stretch that may have grown since somebody looked (`Check.goes_on`)."""
# A look reaches back some weeks. What began before them begins with them, inside what was seen.
UNSEEN = f"""
    NOT EXISTS (SELECT FROM finding_seen AS s
                WHERE s.meter_id = f.meter_id AND s.check_id = f.check_id
                  AND CASE WHEN {GOES_ON}
                           THEN s.begin_us = f.begin_us
                                OR s.begin_us < f.begin_us AND f.begin_us < s.end_us
                           ELSE s.begin_us = f.begin_us AND s.end_us = f.end_us
                                AND s.before IS NOT DISTINCT FROM f.before
                                AND s.after IS NOT DISTINCT FROM f.after END)
"""  # noqa: S608 - of constants
"""Of finding f: nobody has looked at it."""
SPAN = """
    SELECT (extract(epoch FROM begins_at) * 1000000)::bigint AS from_us,
           (extract(epoch FROM ends_at) * 1000000)::bigint AS to_us
"""
"""Of an installation: its ends in microseconds."""
CONCERNS = """
    CASE WHEN f.begin_us = f.end_us
         THEN f.begin_us BETWEEN from_us AND coalesce(to_us, f.begin_us)
         ELSE f.end_us > from_us AND (to_us IS NULL OR f.begin_us < to_us) END
"""
"""Of finding f and a span: it lies in it, as `findings_within` has it."""

# A finding holds the cut of whom the meter served then, though it may serve somebody else by now.
_METERS = f"""
SELECT account_id, count(parked_meter.meter_id) FILTER (WHERE serves) AS parked,
       count(DISTINCT meter_id) FILTER (WHERE EXISTS (
           SELECT FROM finding AS f
           WHERE f.meter_id = i.meter_id AND f.stops_cut AND {CONCERNS} AND {UNSEEN}
       )) AS untrusted,
       count(*) FILTER (WHERE serves AND m.is_estimated) AS estimated,
       least(min(begins_at) FILTER (WHERE begins_at > $2),
             min(ends_at) FILTER (WHERE ends_at > $2),
             (SELECT min(valid_from) FROM prepay_agreement AS p
              WHERE p.account_id = i.account_id AND valid_from > $2)) AS changes_at
FROM installation AS i
CROSS JOIN LATERAL ({SPAN}) AS span
CROSS JOIN LATERAL (
    SELECT begins_at <= $2 AND (ends_at IS NULL OR ends_at > $2) AS serves) AS now
LEFT JOIN parked_meter USING (meter_id)
LEFT JOIN meter_state AS m USING (meter_id)
WHERE account_id = ANY($1::uuid[])
GROUP BY account_id
"""  # noqa: S608 - of constants

_SAVE_STATES = """
WITH saved AS (
UPDATE account AS a
SET supply_state = n.supply_state, review_at_micro = n.review_at_micro,
    review_above_micro = n.review_above_micro, low_since = n.low_since,
    exhausted_since = n.exhausted_since, held = n.held, told = n.told,
    owed_micro = n.owed_micro, dues_until = n.dues_until, recheck_at = n.recheck_at
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[],
            $6::timestamptz[], $7::text[], $8::text[], $9::bigint[], $10::timestamptz[],
            $11::timestamptz[])
     AS n (id, supply_state, review_at_micro, review_above_micro, low_since, exhausted_since,
           held, told, owed_micro, dues_until, recheck_at)
WHERE a.id = n.id
), day AS MATERIALIZED (SELECT open_day() AS day
), decided AS (
INSERT INTO decision (id, account_id, state, action, fired, held, inputs, at, day)
SELECT n.id, n.account_id, n.state, n.action, string_to_array(n.fired, ','),
       string_to_array(n.held, ','), n.inputs::jsonb, n.at, day.day
FROM day, unnest($12::uuid[], $13::uuid[], $14::text[], $15::text[], $16::text[], $17::text[],
            $18::text[], $19::timestamptz[])
     AS n (id, account_id, state, action, fired, held, inputs, at)
)
SELECT day FROM day
"""
"""Gives the day that is open, asked for once: a column's default is worked out for each row, one
row at a time."""


_AREAS = f"""
SELECT DISTINCT i.account_id, m.supply_office, m.station_area, m.line
FROM installation AS i JOIN meter AS m USING (meter_id)
WHERE i.account_id = ANY($1::uuid[]) AND {SERVES}
"""  # noqa: S608 - of constants

_LOOK_AGAIN = """
WITH off AS (SELECT id FROM account WHERE supply_state NOT IN ('connected', 'warned')
             ORDER BY id FOR NO KEY UPDATE)
UPDATE account AS a SET recheck_at = least(a.recheck_at, $1) FROM off WHERE a.id = off.id
"""
_TAKE = "SELECT policy, upto FROM supply_follow FOR UPDATE SKIP LOCKED"
_IS_BUSY = "SELECT count(*) >= $2 FROM (SELECT FROM account WHERE recheck_at <= $1 LIMIT $2) AS due"
_WINDOW = """
WITH portion AS (SELECT id FROM account WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2
              FOR NO KEY UPDATE),
     seen AS (UPDATE account AS a SET recheck_at = least(a.recheck_at, $3) FROM portion
              WHERE a.id = portion.id RETURNING a.id)
SELECT count(*) AS seen, (SELECT id FROM portion ORDER BY id DESC LIMIT 1) AS last FROM seen
"""

# Versions stand; a period's revision counts what was decided about it; a list is approved once and
# stopped once; a condition begins once and is ended once.
_RULES = """
SELECT (SELECT max(number) FROM policy_version), (SELECT count(*) FROM procedure_version),
       (SELECT count(approved_at) + count(stopped_at) FROM cut_list),
       (SELECT count(*) FROM protected_period), (SELECT sum(revision) FROM protected_period),
       (SELECT count(*) + count(e.condition_id) FROM condition AS c
        LEFT JOIN condition_end AS e ON e.condition_id = c.id WHERE c.account_id IS NULL)
"""


_WINDOW_MAX = 2_000
"""Some 0.8 s of reviews."""


class PostgresSupply:
    """A `SupplyStore`."""

    def __init__(self, connection: AsyncConnection, *, relays: PostgresRelays) -> None:
        self._connection = connection
        self._relays = relays

    async def hold(self, account_ids: Sequence[UUID]) -> None:
        """In the order of their ids."""
        await (await driver(self._connection)).execute(
            "SELECT FROM account WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
            account_ids,
        )

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]:
        """The accounts with their rows locked, and then their meters with their relays."""
        # One array: an IN list may hold 32,767 at most.
        array_of_ids = bindparam(None, list(account_ids), type_=ARRAY(Uuid))
        query = (
            select_account()
            .where(account_table.c.id == any_(array_of_ids))
            .order_by(account_table.c.id)
            .with_for_update(key_share=True)
        )
        rows = (await self._connection.execute(query)).mappings().all()
        connection = await driver(self._connection)
        ids = [row["id"] for row in rows]
        meters = {row["account_id"]: row for row in await connection.fetch(_METERS, ids, now)}
        relays = await self._relays.of_accounts(ids, now=now)
        return [_view(row, meters.get(row["id"]), relays.get(row["id"], ())) for row in rows]

    async def areas(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Mapping[UUID, frozenset[Area]]:
        """By what is known of the meters."""
        found: dict[UUID, frozenset[Area]] = {}
        rows = await (await driver(self._connection)).fetch(_AREAS, account_ids, now)
        for account_id, supply_office, station_area, line in rows:
            areas = areas_of(supply_office=supply_office, station_area=station_area, line=line)
            found[account_id] = found.get(account_id, frozenset()) | areas
        return found

    async def rules(self) -> tuple[int | None, ...]:
        """Of policy and procedure versions, days' lists of cuts, protected periods, and the
        utility's conditions."""
        (row,) = await (await driver(self._connection)).fetch(_RULES)
        return tuple(row)

    async def look_at(self, account_ids: Sequence[UUID], *, now: datetime) -> None:
        """The job that looks by the clock takes them."""
        await (await driver(self._connection)).execute(RECHECK, account_ids, now)

    async def look_again(self, *, now: datetime) -> None:
        """The job that looks by the clock takes them in portions."""
        await (await driver(self._connection)).execute(_LOOK_AGAIN, now)

    async def look_at_everybody(
        self, policy: int, *, now: datetime, with_warnings: Callable[[int], bool]
    ) -> None:
        """A window at a time, and none while as many wait to be looked at."""
        connection = await driver(self._connection)
        taken = await connection.fetchrow(_TAKE)
        if taken is None or taken["policy"] == policy:
            return
        if not (with_warnings(taken["policy"]) or with_warnings(policy)):
            await connection.execute("UPDATE supply_follow SET policy = $1, upto = NULL", policy)
            return
        if await connection.fetchval(_IS_BUSY, now, _WINDOW_MAX):
            return
        row = await connection.fetchrow(_WINDOW, taken["upto"], _WINDOW_MAX, now)
        assert row is not None, "an aggregate has a row"
        is_done = row["seen"] < _WINDOW_MAX
        await connection.execute(
            "UPDATE supply_follow SET policy = $1, upto = $2",
            policy if is_done else taken["policy"],
            None if is_done else row["last"],
        )

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at again, locked; those another replica holds are skipped."""
        query = (
            select(account_table.c.id)
            .where(account_table.c.recheck_at <= now)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        return list((await self._connection.scalars(query)).all())

    async def save(
        self, *, reviews: Sequence[NextReview], decisions: Sequence[StoredDecision]
    ) -> None:
        """States and when they are looked at next; decisions with all they rest on."""
        few = decisions if len(decisions) <= ROWS_FEW else ()
        day = await (await driver(self._connection)).fetchval(
            _SAVE_STATES,
            [each.account_id for each in reviews],
            [each.state for each in reviews],
            [each.thresholds.at_micro for each in reviews],
            [each.thresholds.above_micro for each in reviews],
            [each.low_since for each in reviews],
            [each.exhausted_since for each in reviews],
            [",".join(each.held) for each in reviews],
            [",".join(each.told) for each in reviews],
            [each.owed_micro for each in reviews],
            [each.dues_until for each in reviews],
            [each.recheck_at for each in reviews],
            [each.id for each in few],
            [each.account_id for each in few],
            [each.settled.state for each in few],
            [each.settled.action for each in few],
            [",".join(each.settled.fired) for each in few],
            [",".join(each.settled.held) for each in few],
            [_inputs(each) for each in few],
            [each.at for each in few],
        )
        if decisions and not few:
            await insert_rows(
                self._connection,
                "decision",
                columns=_DECISION,
                rows=[(*_decision(each), day) for each in decisions],
            )


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _view(row: RowMapping, meters: Any, relays: Sequence[Relay]) -> SupplyView:
    return SupplyView(
        account=to_account(row),
        relays=relays,
        low_since=row["low_since"],
        exhausted_since=row["exhausted_since"],
        held=_names(row["held"]),
        told=_names(row["told"]),
        owed_micro=row["owed_micro"],
        dues_until=row["dues_until"],
        parked_meters=meters["parked"] if meters else 0,
        untrusted_meters=meters["untrusted"] if meters else 0,
        estimated_meters=meters["estimated"] if meters else 0,
        changes_at=meters["changes_at"] if meters else None,
    )


_DECISION = ("id", "account_id", "state", "action", "fired", "held", "inputs", "at", "day")


def _decision(stored: StoredDecision) -> tuple[Any, ...]:
    """But for the day."""
    settled = stored.settled
    return (
        stored.id,
        stored.account_id,
        settled.state,
        settled.action,
        list(settled.fired),
        list(settled.held),
        _inputs(stored),
        stored.at,
    )


def _inputs(stored: StoredDecision) -> str:
    return msgspec.json.encode(stored.inputs).decode()
