"""Commands on their way to meters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
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
        rows = await self._connection.execute(
            select(table.c.meter_id, func.max(table.c.sequence))
            .where(table.c.meter_id.in_(set(meter_ids)))
            .group_by(table.c.meter_id)
        )
        return {row[0]: row[1] for row in rows}

    async def add(self, command: RelayCommand, *, status: CommandStatus, now: datetime) -> bool:
        """Insert it; open ones are due at once."""
        finished = status in FINISHED
        result = await self._connection.execute(
            insert(table)
            .values(
                command_id=command.command_id,
                meter_id=command.meter_id,
                account_id=command.account_id,
                action=command.action,
                sequence=command.sequence,
                status=status,
                caused_at=command.caused_at,
                issued_at=command.issued_at,
                expires_at=command.expires_at,
                received_at=now,
                next_attempt_at=None if finished else now,
                finished_at=now if finished else None,
            )
            .on_conflict_do_nothing()
        )
        return result.rowcount == 1

    async def supersede(self, meter_id: str, *, below: int, now: datetime) -> Sequence[Command]:
        """Finish the open ones of a lower sequence."""
        rows = await self._connection.execute(
            update(table)
            .where(
                table.c.meter_id == meter_id,
                table.c.sequence < below,
                table.c.next_attempt_at.is_not(None),
            )
            .values(status=CommandStatus.SUPERSEDED, next_attempt_at=None, finished_at=now)
            .returning(*_COLUMNS)
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
        return [_command(row) for row in rows]

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
        row = (
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
        ).first()
        return None if row is None else _command(row)

    async def known(self, command_id: UUID, *, meter_id: str) -> bool:
        """Whether the meter has such a command."""
        found = await self._connection.scalar(
            select(table.c.command_id).where(
                table.c.command_id == command_id, table.c.meter_id == meter_id
            )
        )
        return found is not None


def _command(row: Row[Any]) -> Command:
    return Command(
        command_id=row.command_id,
        meter_id=row.meter_id,
        action=RelayAction(row.action),
        sequence=row.sequence,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        status=CommandStatus(row.status),
        attempts=row.attempts,
    )
