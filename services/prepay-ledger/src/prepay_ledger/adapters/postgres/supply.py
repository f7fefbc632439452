"""Supply states, decisions and commands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.adapters.postgres.accounts import to_account
from prepay_ledger.adapters.postgres.tables import account as account_table
from prepay_ledger.adapters.postgres.tables import command as command_table
from prepay_ledger.adapters.postgres.tables import decision as decision_table
from prepay_ledger.application.ports import (
    CommandProgress,
    CommandRecorded,
    NewCommand,
    SupplyView,
)
from prepay_ledger.domain.supply import CommandOutcome, Decision, Facts
from prewatt_common.contracts.base import CommandStatus, RelayAction
from prewatt_common.db.database import driver

_RANK = {
    CommandStatus.ISSUED: 0,
    CommandStatus.SENT: 1,
    CommandStatus.ACKNOWLEDGED: 2,
    CommandStatus.EXPIRED: 3,
    CommandStatus.REJECTED: 3,
    CommandStatus.SUPERSEDED: 3,
    CommandStatus.FAILED: 3,
    # A late answer of success is the truth about the relay, whatever we had given up before.
    CommandStatus.SUCCEEDED: 4,
}
_FINISHED_RANK = 3

_LAST_COMMANDS = """
SELECT c.account_id, array_agg(c.status) AS statuses, max(c.finished_at) AS finished_at
FROM unnest($1::uuid[]) AS a (id)
JOIN command AS c ON c.decision_id =
    (SELECT decision_id FROM command WHERE account_id = a.id ORDER BY id DESC LIMIT 1)
GROUP BY c.account_id
"""

_METERS = """
SELECT account_id, array_agg(meter_id ORDER BY meter_id) AS meter_ids FROM binding
WHERE account_id = ANY($1::uuid[]) AND effective_from <= $2
  AND (effective_to IS NULL OR effective_to > $2)
GROUP BY account_id
"""


class PostgresSupply:
    """A `SupplyStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]:
        """The accounts with their rows locked, their meters, and their last commands."""
        query = (
            select(account_table)
            .where(account_table.c.id.in_(account_ids))
            .order_by(account_table.c.id)
            .with_for_update()
        )
        rows = (await self._connection.execute(query)).mappings().all()
        connection = await driver(self._connection)
        ids = [row["id"] for row in rows]
        meters = {
            row["account_id"]: tuple(row["meter_ids"])
            for row in await connection.fetch(_METERS, ids, now)
        }
        commands = {
            row["account_id"]: (_together(row["statuses"]), row["finished_at"])
            for row in await connection.fetch(_LAST_COMMANDS, ids)
        }
        views: list[SupplyView] = []
        for row in rows:
            outcome, finished_at = commands.get(row["id"], (CommandOutcome.NONE, None))
            failed_at = finished_at if outcome is CommandOutcome.FAILED else None
            views.append(SupplyView(to_account(row), meters.get(row["id"], ()), outcome, failed_at))
        return views

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at again, locked; those another replica holds are skipped."""
        query = (
            select(account_table.c.id)
            .where(account_table.c.recheck_at <= now)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list((await self._connection.scalars(query)).all())

    async def set_state(
        self,
        account_id: UUID,
        *,
        decision: Decision,
        review_at_micro: int | None,
        recheck_at: datetime | None,
    ) -> None:
        """The account's state and when it is looked at next."""
        await self._connection.execute(
            update(account_table)
            .where(account_table.c.id == account_id)
            .values(
                supply_state=decision.state,
                review_at_micro=review_at_micro,
                recheck_at=recheck_at,
            )
        )

    async def add_decision(
        self,
        *,
        decision_id: UUID,
        account_id: UUID,
        decision: Decision,
        facts: Facts,
        policy: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Store a decision with all it rests on."""
        await self._connection.execute(
            insert(decision_table).values(
                id=decision_id,
                account_id=account_id,
                state=decision.state,
                action=decision.action,
                fired=list(decision.fired),
                held=list(decision.held),
                inputs={"facts": msgspec.to_builtins(facts), "policy": policy},
                at=at,
            )
        )

    async def add_command(self, command: NewCommand, *, decision_id: UUID, account_id: UUID) -> int:
        """Insert it with the meter's next sequence number."""
        next_sequence = (
            select(func.coalesce(func.max(command_table.c.sequence), 0) + 1)
            .where(command_table.c.meter_id == command.meter_id)
            .scalar_subquery()
        )
        sequence = await self._connection.scalar(
            insert(command_table)
            .values(
                id=command.id,
                decision_id=decision_id,
                account_id=account_id,
                meter_id=command.meter_id,
                action=command.action,
                sequence=next_sequence,
                status=CommandStatus.ISSUED,
                status_rank=_RANK[CommandStatus.ISSUED],
                caused_at=command.caused_at,
                issued_at=command.issued_at,
                expires_at=command.expires_at,
            )
            .returning(command_table.c.sequence)
        )
        assert sequence is not None
        return sequence

    async def record_progress(self, progress: CommandProgress) -> CommandRecorded | None:
        """Moves a command forward, never back."""
        rank = _RANK[progress.status]
        table = command_table.c
        row = (
            await self._connection.execute(
                update(command_table)
                .where(table.id == progress.command_id, table.status_rank < rank)
                .values(
                    status=progress.status,
                    status_rank=rank,
                    relay=progress.relay,
                    detail=progress.detail,
                    finished_at=progress.at if rank >= _FINISHED_RANK else None,
                )
                .returning(table.account_id, table.action, table.caused_at, table.finished_at)
            )
        ).first()
        if row is None:
            return None
        return CommandRecorded(
            row.account_id, RelayAction(row.action), row.caused_at, row.finished_at
        )


def _together(statuses: Sequence[str]) -> CommandOutcome:
    """All of a decision's commands as one outcome: failed counts only once none is under way."""
    ranks = [_RANK[CommandStatus(status)] for status in statuses]
    if any(rank < _FINISHED_RANK for rank in ranks):
        return CommandOutcome.IN_FLIGHT
    if all(status == CommandStatus.SUCCEEDED for status in statuses):
        return CommandOutcome.CONFIRMED
    return CommandOutcome.FAILED
