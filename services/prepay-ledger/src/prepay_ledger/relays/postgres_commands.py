"""Commands to relays, and how they came along."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.epochs.postgres import FIRST_NUMBER
from prepay_ledger.relays.command_progress import FINISHED_RANK, RANK
from prepay_ledger.relays.values import CommandProgress, CommandRecorded, NewCommand
from prewatt_common.contracts.base import CommandStatus, RelayAction
from prewatt_common.db.database import driver, insert_rows

_LAST_SEQUENCES = f"""
SELECT m.id AS meter_id, greatest(c.sequence, {FIRST_NUMBER}) AS sequence
FROM unnest($1::text[]) AS m (id)
LEFT JOIN LATERAL
    (SELECT sequence FROM command WHERE meter_id = m.id ORDER BY sequence DESC LIMIT 1) AS c ON true
"""  # noqa: S608 - of constants

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


class PostgresCommands:
    """What a `RelayStore` knows of commands."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def last_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The meters' newest command sequences, or what the epoch begins above."""
        rows = await (await driver(self._connection)).fetch(_LAST_SEQUENCES, meter_ids)
        return {row["meter_id"]: row["sequence"] for row in rows}

    async def issue(self, commands: Sequence[NewCommand]) -> None:
        """One, or the thousands of a mass cut."""
        if commands:
            rows = [_command_row(each) for each in commands]
            await insert_rows(
                self._connection,
                "command",
                columns=list(rows[0]),
                rows=[tuple(row.values()) for row in rows],
            )

    async def record_progress(
        self, progress: Sequence[CommandProgress]
    ) -> Sequence[CommandRecorded]:
        """Moves commands forward, never back."""
        if not progress:
            return []
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


def _command_row(command: NewCommand) -> dict[str, object]:
    return {
        "id": command.id,
        "decision_id": command.decision_id,
        "account_id": command.account_id,
        "meter_id": command.meter_id,
        "action": command.action,
        "limit_w": command.limit_w,
        "sequence": command.sequence,
        "status": CommandStatus.ISSUED,
        "status_rank": RANK[CommandStatus.ISSUED],
        "caused_at": command.caused_at,
        "issued_at": command.issued_at,
        "expires_at": command.expires_at,
    }
