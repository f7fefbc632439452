"""Mode changes in PostgreSQL."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.mode_changes.postgres_rows import to_change, to_step
from prepay_ledger.mode_changes.values import ModeChange, Step
from prewatt_common.db.database import driver
from prewatt_metering.calendar.instants import us_of

_ADD = """
INSERT INTO mode_change
    (id, account_id, to_mode, first_day, tariff_code, consent_by, consent_reference, consent_at,
     notice_days, without_reading_after_days, owed, instalments, due_days, effective_at, state,
     reason, waits_for, look_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', '', $16)
ON CONFLICT DO NOTHING RETURNING id
"""
_PUT = """
UPDATE mode_change
SET state = $2, reason = $3, noticed_at = $4, waits_for = $5, look_at = $6, agreement_id = $7,
    closing_micro = $8, debt_id = $9, closing_paid_micro = $10
WHERE id = $1
"""
_ADD_STEP = """
INSERT INTO mode_change_step (id, change_id, action, key, reference, who, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
# A reading at the instant, or a later one that tells what was used by then.
_UNREAD = """
SELECT DISTINCT i.meter_id FROM installation AS i LEFT JOIN meter_state AS s USING (meter_id)
WHERE i.account_id = $1 AND i.begins_at < $2 AND (i.ends_at IS NULL OR i.ends_at > $2)
  AND (s.last_at_us IS NULL OR s.last_at_us < $3)
ORDER BY i.meter_id
"""


class PostgresModeChanges:
    """A `ModeChangeStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, change: ModeChange) -> bool:
        """Waits for whoever adds one of the same account."""
        terms, rules = change.terms, change.rules
        added = await (await driver(self._connection)).fetchval(
            _ADD,
            change.id,
            change.account_id,
            terms.to,
            terms.first_day,
            terms.tariff_code,
            terms.consent.by,
            terms.consent.reference,
            terms.consent.at,
            rules.notice_days,
            rules.without_reading_after_days,
            rules.owed,
            rules.instalments,
            rules.due_days,
            change.effective_at,
            change.state,
            change.look_at,
        )
        return added is not None

    async def change(self, change_id: UUID) -> ModeChange | None:
        """None where there is none."""
        return await self._one("SELECT * FROM mode_change WHERE id = $1", change_id)

    async def lock(self, change_id: UUID) -> ModeChange | None:
        """Waits for whoever has it."""
        return await self._one("SELECT * FROM mode_change WHERE id = $1 FOR UPDATE", change_id)

    async def put(self, change: ModeChange) -> None:
        """The caller has it locked."""
        await (await driver(self._connection)).execute(
            _PUT,
            change.id,
            change.state,
            change.reason,
            change.noticed_at,
            change.waits_for,
            change.look_at,
            change.agreement_id,
            change.closing_micro,
            change.debt_id,
            change.closing_paid_micro,
        )

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """The longest due first."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT id FROM mode_change WHERE look_at <= $1 ORDER BY look_at LIMIT $2", now, limit
        )
        return [row["id"] for row in rows]

    async def asked_as(self, key: str, *, who: str) -> Step | None:
        """By the names that are unique."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM mode_change_step WHERE who = $1 AND key = $2 AND key <> ''", who, key
        )
        return None if row is None else to_step(row)

    async def add_step(self, step: Step) -> None:
        """The caller has the change locked, or has just made it."""
        await (await driver(self._connection)).execute(
            _ADD_STEP,
            step.id,
            step.change_id,
            step.action,
            step.key,
            step.reference,
            step.decided.by,
            step.decided.reason,
            step.decided.at,
        )

    async def unread_meters(self, account_id: UUID, *, at: datetime) -> Sequence[str]:
        """By the last reading that each meter's use is derived from."""
        rows = await (await driver(self._connection)).fetch(_UNREAD, account_id, at, us_of(at))
        return [row["meter_id"] for row in rows]

    async def charged_micro(self, agreement_id: UUID) -> int:
        """Of all its periods."""
        return await (await driver(self._connection)).fetchval(
            "SELECT coalesce(sum(posted_micro), 0)::bigint FROM charge_state "
            "WHERE agreement_id = $1",
            agreement_id,
        )

    async def last_period(self, agreement_id: UUID) -> date | None:
        """Its first day; none where nothing was charged."""
        return await (await driver(self._connection)).fetchval(
            "SELECT max(period_first) FROM charge_state WHERE agreement_id = $1", agreement_id
        )

    async def _one(self, query: str, change_id: UUID) -> ModeChange | None:
        row = await (await driver(self._connection)).fetchrow(query, change_id)
        return None if row is None else to_change(row)
