"""Supply states, decisions and commands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.postgres import to_account
from prepay_ledger.balances.tables import account as account_table
from prepay_ledger.epochs.postgres import current_epoch
from prepay_ledger.epochs.values import first_number
from prepay_ledger.supply.command_progress import FINISHED_RANK, RANK, together
from prepay_ledger.supply.decide import CommandOutcome
from prepay_ledger.supply.postgres_relays import relay_open_of
from prepay_ledger.supply.tables import decision as decision_table
from prepay_ledger.supply.values import (
    CommandProgress,
    CommandRecorded,
    NewCommand,
    NextReview,
    StoredDecision,
    SupplyView,
)
from prewatt_common.contracts.base import CommandStatus, RelayAction
from prewatt_common.db.database import driver
from prewatt_metering.registers.spans import Span
from prewatt_metering.vee.registry import CHECKS

_LAST_COMMANDS = """
SELECT c.account_id, array_agg(c.status) AS statuses, max(c.finished_at) AS finished_at,
       min(c.action) AS action
FROM unnest($1::uuid[]) AS a (id)
JOIN command AS c ON c.decision_id =
    (SELECT decision_id FROM command WHERE account_id = a.id ORDER BY id DESC LIMIT 1)
GROUP BY c.account_id
"""

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
SELECT account_id, array_agg(meter_id ORDER BY meter_id) FILTER (WHERE serves) AS meter_ids,
       count(parked_meter.meter_id) FILTER (WHERE serves) AS parked,
       count(DISTINCT meter_id) FILTER (WHERE EXISTS (
           SELECT FROM finding AS f
           WHERE f.meter_id = i.meter_id AND f.stops_cut AND {CONCERNS} AND {UNSEEN}
       )) AS untrusted,
       least(min(begins_at) FILTER (WHERE begins_at > $2),
             min(ends_at) FILTER (WHERE ends_at > $2)) AS changes_at
FROM installation AS i
CROSS JOIN LATERAL ({SPAN}) AS span
CROSS JOIN LATERAL (
    SELECT begins_at <= $2 AND (ends_at IS NULL OR ends_at > $2) AS serves) AS now
LEFT JOIN parked_meter USING (meter_id)
WHERE account_id = ANY($1::uuid[])
GROUP BY account_id
"""  # noqa: S608 - of constants

_LAST_SEQUENCES = """
SELECT m.id AS meter_id, greatest(c.sequence, $2) AS sequence
FROM unnest($1::text[]) AS m (id)
LEFT JOIN LATERAL
    (SELECT sequence FROM command WHERE meter_id = m.id ORDER BY sequence DESC LIMIT 1) AS c ON true
"""

_SAVE_STATES = """
UPDATE account AS a
SET supply_state = n.supply_state, review_at_micro = n.review_at_micro, recheck_at = n.recheck_at
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[])
     AS n (id, supply_state, review_at_micro, recheck_at)
WHERE a.id = n.id
"""

_RECORD_PROGRESS = """
UPDATE command AS c
SET status = p.status, status_rank = p.rank, relay = p.relay, detail = p.detail,
    finished_at = CASE WHEN p.rank >= $7 THEN p.at END
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::timestamptz[])
     AS p (id, status, rank, relay, detail, at)
WHERE c.id = p.id AND c.status_rank < p.rank
RETURNING c.id, c.account_id, c.action, c.status, c.caused_at, c.finished_at
"""

# A row of its own for each: the command's is only where it stands now.
_ADD_ANSWERS = """
INSERT INTO command_answer (command_id, status, relay, detail, at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
"""


class PostgresSupply:
    """A `SupplyStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]:
        """The accounts with their rows locked, their meters, and their last commands."""
        # One array: an IN list may hold 32,767 at most.
        array_of_ids = bindparam(None, list(account_ids), type_=ARRAY(Uuid))
        query = (
            select(account_table)
            .where(account_table.c.id == any_(array_of_ids))
            .order_by(account_table.c.id)
            .with_for_update(key_share=True)
        )
        rows = (await self._connection.execute(query)).mappings().all()
        connection = await driver(self._connection)
        ids = [row["id"] for row in rows]
        meters = {
            row["account_id"]: (
                tuple(row["meter_ids"] or ()),
                row["parked"],
                row["untrusted"],
                row["changes_at"],
            )
            for row in await connection.fetch(_METERS, ids, now)
        }
        commands = {
            row["account_id"]: (
                together([CommandStatus(status) for status in row["statuses"]]),
                RelayAction(row["action"]),
                row["finished_at"],
            )
            for row in await connection.fetch(_LAST_COMMANDS, ids)
        }
        views: list[SupplyView] = []
        for row in rows:
            outcome, action, at = commands.get(row["id"], (CommandOutcome.NONE, None, None))
            failed_at = at if outcome is CommandOutcome.FAILED else None
            meter_ids, parked, untrusted, changes_at = meters.get(row["id"], ((), 0, 0, None))
            views.append(
                SupplyView(
                    to_account(row),
                    meter_ids,
                    parked,
                    untrusted,
                    changes_at,
                    outcome,
                    action,
                    failed_at,
                )
            )
        return views

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at again, locked; those another replica holds are skipped."""
        query = (
            select(account_table.c.id)
            .where(account_table.c.recheck_at <= now)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        return list((await self._connection.scalars(query)).all())

    async def last_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The meters' newest command sequences, or what the epoch begins above."""
        connection = await driver(self._connection)
        floor = first_number(await current_epoch(connection))
        rows = await connection.fetch(_LAST_SEQUENCES, meter_ids, floor)
        return {row["meter_id"]: row["sequence"] for row in rows}

    async def relay_open(self, meter_ids: Sequence[str]) -> Mapping[str, Sequence[Span]]:
        """Of the meters that have had a command."""
        return await relay_open_of(await driver(self._connection), meter_ids)

    async def save(
        self,
        *,
        reviews: Sequence[NextReview],
        decisions: Sequence[StoredDecision],
        commands: Sequence[NewCommand],
    ) -> None:
        """States and when they are looked at next; decisions with all they rest on; commands."""
        connection = await driver(self._connection)
        await connection.execute(
            _SAVE_STATES,
            [each.account_id for each in reviews],
            [each.state for each in reviews],
            [each.review_at_micro for each in reviews],
            [each.recheck_at for each in reviews],
        )
        if decisions:
            await self._connection.execute(
                insert(decision_table), [_decision_row(each) for each in decisions]
            )
        if commands:
            rows = [_command_row(each) for each in commands]
            await connection.copy_records_to_table(
                "command", records=[tuple(row.values()) for row in rows], columns=list(rows[0])
            )

    async def record_progress(
        self, progress: Sequence[CommandProgress]
    ) -> Sequence[CommandRecorded]:
        """Moves commands forward, never back."""
        furthest: dict[UUID, CommandProgress] = {}
        for each in progress:
            known = furthest.get(each.command_id)
            if known is None or RANK[known.status] < RANK[each.status]:
                furthest[each.command_id] = each
        some = list(furthest.values())
        connection = await driver(self._connection)
        rows = await connection.fetch(
            _RECORD_PROGRESS,
            [each.command_id for each in some],
            [each.status for each in some],
            [RANK[each.status] for each in some],
            [each.relay for each in some],
            [each.detail for each in some],
            [each.at for each in some],
            FINISHED_RANK,
        )
        if rows:
            moved = [furthest[row["id"]] for row in rows]
            await connection.execute(
                _ADD_ANSWERS,
                [each.command_id for each in moved],
                [each.status for each in moved],
                [each.relay for each in moved],
                [each.detail for each in moved],
                [each.at for each in moved],
            )
        return [
            CommandRecorded(
                row["account_id"],
                RelayAction(row["action"]),
                CommandStatus(row["status"]),
                row["caused_at"],
                row["finished_at"],
            )
            for row in rows
        ]


def _decision_row(stored: StoredDecision) -> dict[str, Any]:
    return {
        "id": stored.id,
        "account_id": stored.account_id,
        "state": stored.decision.state,
        "action": stored.decision.action,
        "fired": list(stored.decision.fired),
        "held": list(stored.decision.held),
        "inputs": stored.inputs,
        "at": stored.at,
    }


def _command_row(command: NewCommand) -> dict[str, Any]:
    return {
        "id": command.id,
        "decision_id": command.decision_id,
        "account_id": command.account_id,
        "meter_id": command.meter_id,
        "action": command.action,
        "sequence": command.sequence,
        "status": CommandStatus.ISSUED,
        "status_rank": RANK[CommandStatus.ISSUED],
        "caused_at": command.caused_at,
        "issued_at": command.issued_at,
        "expires_at": command.expires_at,
    }
