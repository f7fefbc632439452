"""Commands on their way to meters."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy import RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.commands.command import Answer, ArrivedCommand, Command, CommandRecord, Heard
from meter_gateway.commands.rules import ANSWER_TIME, FINISHED
from meter_gateway.tables import command as table
from prewatt_common.contracts.base import CommandStatus, RelayAction
from prewatt_common.db.database import Database, driver
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message

_COLUMNS = [table.c[name] for name in Command.__dataclass_fields__]
_RECORD_COLUMNS = [table.c[name] for name in CommandRecord.__dataclass_fields__]


class PostgresCommands:
    """`ArrivalStore`, `DueStore`, `AnswerStore` and `SendAgain` on an open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox."""
        await outbox.append(self._connection, messages)

    async def newest_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The highest sequence of each meter that has any."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT meter_id, max(sequence) AS newest FROM command "
            "WHERE meter_id = ANY($1::text[]) GROUP BY meter_id",
            meter_ids,
        )
        return {row["meter_id"]: row["newest"] for row in rows}

    async def add(self, commands: Sequence[ArrivedCommand], *, now: datetime) -> Set[UUID]:
        """Insert what is new; open ones are due at once."""
        rows = await (await driver(self._connection)).fetch(
            "INSERT INTO command (command_id, meter_id, account_id, action, sequence, status, "
            "caused_at, issued_at, expires_at, due_at, finished_at, partition, signed, "
            "received_at) SELECT c.*, $14 "
            "FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], "
            "$6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], "
            "$10::timestamptz[], $11::timestamptz[], $12::integer[], $13::text[]) AS c "
            "ON CONFLICT DO NOTHING RETURNING command_id",
            [each.command.command_id for each in commands],
            [each.command.meter_id for each in commands],
            [each.command.account_id for each in commands],
            [each.command.action for each in commands],
            [each.command.sequence for each in commands],
            [each.status for each in commands],
            [each.command.caused_at for each in commands],
            [each.command.issued_at for each in commands],
            [each.command.expires_at for each in commands],
            [None if each.status in FINISHED else now for each in commands],
            [now if each.status in FINISHED else None for each in commands],
            [each.partition for each in commands],
            [each.command.signed for each in commands],
            now,
        )
        return {row["command_id"] for row in rows}

    async def supersede(self, newest: Mapping[str, int], *, now: datetime) -> Sequence[Command]:
        """Finish the open ones of a lower sequence than their meter's newest."""
        rows = await (await driver(self._connection)).fetch(
            "UPDATE command AS c SET status = $3, due_at = NULL, finished_at = $4 "
            "FROM unnest($1::text[], $2::bigint[]) AS n (meter_id, newest) "
            "WHERE c.meter_id = n.meter_id AND c.sequence < n.newest "
            "AND c.due_at IS NOT NULL RETURNING c.*",
            list(newest),
            list(newest.values()),
            CommandStatus.SUPERSEDED,
            now,
        )
        return [_command(row) for row in rows]

    async def due(
        self, *, now: datetime, limit: int, cuts_of: Collection[int]
    ) -> Sequence[Command]:
        """To be sent or given up, oldest first; another replica's are skipped."""
        rows = await self._connection.execute(
            select(*_COLUMNS)
            .where(
                table.c.due_at <= now,
                or_(
                    table.c.action.not_in((RelayAction.DISCONNECT, RelayAction.LIMIT)),
                    table.c.partition.in_(cuts_of),
                    table.c.expires_at <= now,
                ),
            )
            .order_by(table.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_command(row) for row in rows.mappings()]

    async def sent(self, command_ids: Sequence[UUID], *, now: datetime) -> None:
        """They went to the broker; an answer before this commit waits for our row locks."""
        await (await driver(self._connection)).execute(
            "UPDATE command SET status = $2, attempts = attempts + 1, sent_at = $3, "
            "due_at = expires_at WHERE command_id = ANY($1::uuid[])",
            command_ids,
            CommandStatus.SENT,
            now,
        )

    async def expire(self, command_ids: Sequence[UUID], *, now: datetime) -> None:
        """One statement: after a mass cut, those of all meters that are away end at once."""
        await (await driver(self._connection)).execute(
            "UPDATE command SET status = $2, due_at = NULL, finished_at = $3 "
            "WHERE command_id = ANY($1::uuid[])",
            command_ids,
            CommandStatus.EXPIRED,
            now,
        )

    async def send_again(self, heard: Sequence[Heard], *, now: datetime) -> None:
        """One that came gets a copy whatever our clocks say of when the last one went: it may be
        one too many, which moves nothing."""
        await (await driver(self._connection)).execute(
            "UPDATE command AS c SET due_at = $4 "
            "FROM unnest($1::text[], $2::timestamptz[], $3::boolean[]) AS h (meter_id, at, came) "
            "WHERE c.meter_id = h.meter_id AND c.due_at > $4 "
            "AND (h.came OR (c.attempts = 1 AND c.sent_at <= h.at - $5::interval))",
            [each.meter_id for each in heard],
            [each.at for each in heard],
            [each.came for each in heard],
            now,
            ANSWER_TIME,
        )

    async def finish(self, answers: Sequence[Answer]) -> Mapping[UUID, Command]:
        """Set final statuses, over other final ones too."""
        rows = await (await driver(self._connection)).fetch(
            "UPDATE command AS c SET status = a.status, relay = a.relay, detail = a.detail, "
            "due_at = NULL, finished_at = a.at "
            "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], "
            "$6::timestamptz[]) AS a (command_id, meter_id, status, relay, detail, at) "
            "WHERE c.command_id = a.command_id AND c.meter_id = a.meter_id "
            "AND c.status <> a.status RETURNING c.*",
            [each.command_id for each in answers],
            [each.meter_id for each in answers],
            [each.status for each in answers],
            [each.relay for each in answers],
            [each.detail for each in answers],
            [each.at for each in answers],
        )
        return {row["command_id"]: _command(row) for row in rows}

    async def known(self, commands: Sequence[tuple[UUID, str]]) -> Set[tuple[UUID, str]]:
        """Those of these commands that there are, each of the meter that is named with it."""
        if not commands:
            return frozenset()
        rows = await (await driver(self._connection)).fetch(
            "SELECT command_id, meter_id FROM command WHERE command_id = ANY($1::uuid[])",
            [command_id for command_id, _ in commands],
        )
        return {(row["command_id"], row["meter_id"]) for row in rows}


class PostgresCommandQueries:
    """`CommandQueries`, each its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def command(self, command_id: UUID) -> CommandRecord | None:
        """One command."""
        query = select(*_RECORD_COLUMNS).where(table.c.command_id == command_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else CommandRecord(**row)


@asynccontextmanager
async def open_commands(database: Database) -> AsyncGenerator[PostgresCommands]:
    """In a transaction of its own, for what does not come from Kafka."""
    async with database.transaction() as connection:
        yield PostgresCommands(connection)


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
        signed=row["signed"],
    )
