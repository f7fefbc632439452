"""Commands on their way to meters."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.adapters.postgres.tables import command as table
from meter_gateway.application.ports import Command
from meter_gateway.domain.commands import FINISHED
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.db.database import driver

_COLUMNS = [table.c[name] for name in Command.__dataclass_fields__]


class PostgresCommands:
    """A `CommandStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newest_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The highest sequence of each meter that has any."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT meter_id, max(sequence) AS newest FROM command "
            "WHERE meter_id = ANY($1::text[]) GROUP BY meter_id",
            meter_ids,
        )
        return {row["meter_id"]: row["newest"] for row in rows}

    async def add(
        self, commands: Sequence[tuple[RelayCommand, CommandStatus]], *, now: datetime
    ) -> Set[UUID]:
        """Insert what is new; open ones are due at once."""
        rows = await (await driver(self._connection)).fetch(
            "INSERT INTO command (command_id, meter_id, account_id, action, sequence, status, "
            "caused_at, issued_at, expires_at, next_attempt_at, finished_at, received_at) "
            "SELECT c.*, $12 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], "
            "$5::bigint[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], "
            "$10::timestamptz[], $11::timestamptz[]) AS c "
            "ON CONFLICT DO NOTHING RETURNING command_id",
            [command.command_id for command, _ in commands],
            [command.meter_id for command, _ in commands],
            [command.account_id for command, _ in commands],
            [command.action for command, _ in commands],
            [command.sequence for command, _ in commands],
            [status for _, status in commands],
            [command.caused_at for command, _ in commands],
            [command.issued_at for command, _ in commands],
            [command.expires_at for command, _ in commands],
            [None if status in FINISHED else now for _, status in commands],
            [now if status in FINISHED else None for _, status in commands],
            now,
        )
        return {row["command_id"] for row in rows}

    async def supersede(self, newest: Mapping[str, int], *, now: datetime) -> Sequence[Command]:
        """Finish the open ones of a lower sequence than their meter's newest."""
        rows = await (await driver(self._connection)).fetch(
            "UPDATE command AS c SET status = $3, next_attempt_at = NULL, finished_at = $4 "
            "FROM unnest($1::text[], $2::bigint[]) AS n (meter_id, newest) "
            "WHERE c.meter_id = n.meter_id AND c.sequence < n.newest "
            "AND c.next_attempt_at IS NOT NULL RETURNING c.*",
            list(newest),
            list(newest.values()),
            CommandStatus.SUPERSEDED,
            now,
        )
        return [_command(row) for row in rows]

    async def due(self, *, now: datetime, limit: int) -> Sequence[Command]:
        """To be sent or given up, oldest first; another replica's are skipped."""
        rows = await self._connection.execute(
            select(*_COLUMNS)
            .where(table.c.next_attempt_at <= now)
            .order_by(table.c.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_command(row) for row in rows.mappings()]

    async def sent(self, next_attempts: Mapping[UUID, datetime]) -> None:
        """They went to the broker; an answer before this commit waits for our row locks."""
        # Never later than its end: then it is given up in time.
        await (await driver(self._connection)).execute(
            "UPDATE command AS c SET status = $3, attempts = c.attempts + 1, "
            "next_attempt_at = least(n.at, c.expires_at) "
            "FROM unnest($1::uuid[], $2::timestamptz[]) AS n (command_id, at) "
            "WHERE c.command_id = n.command_id",
            list(next_attempts),
            list(next_attempts.values()),
            CommandStatus.SENT,
        )

    async def finish(
        self,
        command_id: UUID,
        *,
        meter_id: str,
        status: CommandStatus,
        now: datetime,
        relay: RelayState | None = None,
        detail: str = "",
    ) -> Command | None:
        """Set a final status, over another final one too."""
        rows = (
            await self._connection.execute(
                update(table)
                .where(
                    table.c.command_id == command_id,
                    table.c.meter_id == meter_id,
                    table.c.status != status,
                )
                .values(
                    status=status,
                    relay=relay,
                    detail=detail,
                    next_attempt_at=None,
                    finished_at=now,
                )
                .returning(*_COLUMNS)
            )
        ).mappings()
        row = rows.first()
        return None if row is None else _command(row)

    async def known(self, command_id: UUID, *, meter_id: str) -> bool:
        """Whether the meter has such a command."""
        found = await self._connection.scalar(
            select(table.c.command_id).where(
                table.c.command_id == command_id, table.c.meter_id == meter_id
            )
        )
        return found is not None


def _command(row: RowMapping | Record) -> Command:
    return Command(
        command_id=row["command_id"],
        meter_id=row["meter_id"],
        action=RelayAction(row["action"]),
        sequence=row["sequence"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        status=CommandStatus(row["status"]),
        attempts=row["attempts"],
    )
