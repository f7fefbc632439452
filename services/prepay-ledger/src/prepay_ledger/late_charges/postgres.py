"""Late charges in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.approvals.refusals import KeyUsedBefore
from prepay_ledger.balances.values import Account
from prepay_ledger.late_charges.postgres_grounds import grounds_of
from prepay_ledger.late_charges.postgres_rows import (
    CHARGES,
    COLUMNS,
    REMINDER,
    to_charged,
    to_waiver,
    values_of,
)
from prepay_ledger.late_charges.values import (
    Charged,
    Ground,
    LateChargeRow,
    Looked,
    Reminder,
    Waiver,
)
from prewatt_common.db.database import driver, insert_rows

DUE_LOOKS = """
SELECT account_id FROM late_charge_look
WHERE look_on <= $1::date AND (through IS NULL OR through < $1::date - 1)
"""
"""Accounts whose day it is by $1."""
_LOOKED = """
INSERT INTO late_charge_look (account_id, through, paid_micro, look_on)
SELECT * FROM unnest($1::uuid[], $2::date[], $3::bigint[], $4::date[])
ON CONFLICT (account_id) DO UPDATE
SET through = excluded.through, paid_micro = excluded.paid_micro, look_on = excluded.look_on
"""
_FORGET = "UPDATE late_charge_look SET look_on = NULL WHERE account_id = ANY($1::uuid[])"
_ADD_WAIVER = """
INSERT INTO late_charge_waiver
    (id, key, statement_id, account_id, amount_micro, currency, who, reason, proposal_id,
     charge_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (who, key) DO NOTHING RETURNING id
"""


class PostgresLateCharges:
    """A `LateChargeStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def due(
        self, today: date, *, without: Collection[UUID] = (), limit: int
    ) -> Sequence[UUID]:
        """By the index of days."""
        query = f"{DUE_LOOKS} AND account_id <> ALL($3::uuid[]) ORDER BY look_on, account_id"
        rows = await (await driver(self._connection)).fetch(
            f"{query} LIMIT $2", today, limit, list(without)
        )
        return [row["account_id"] for row in rows]

    async def still_due(self, account_ids: Sequence[UUID], today: date) -> Sequence[UUID]:
        """By their ids."""
        rows = await (await driver(self._connection)).fetch(
            f"{DUE_LOOKS} AND account_id = ANY($2::uuid[])", today, account_ids
        )
        return [row["account_id"] for row in rows]

    async def grounds(self, accounts: Sequence[Account], *, zone: ZoneInfo) -> Sequence[Ground]:
        """After their locks were waited for."""
        return await grounds_of(await driver(self._connection), accounts, zone=zone)

    async def add(self, rows: Sequence[LateChargeRow]) -> None:
        """The caller has the accounts locked."""
        await self._insert("late_charge", COLUMNS, [values_of(each) for each in rows])

    async def add_reminders(self, reminders: Sequence[Reminder]) -> None:
        """Likewise."""
        rows = [[getattr(each, name) for name in REMINDER] for each in reminders]
        await self._insert("payment_reminder", REMINDER, rows)

    async def _insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        # Asked for once: a column's default is worked out for each row, one row at a time.
        day = await (await driver(self._connection)).fetchval("SELECT open_day()")
        await insert_rows(
            self._connection,
            table,
            columns=[*columns, "day"],
            rows=[(*each, day) for each in rows],
        )

    async def looked(self, looked: Sequence[Looked]) -> None:
        """Likewise."""
        if looked:
            columns = [list(each) for each in zip(*looked, strict=True)]
            await (await driver(self._connection)).execute(_LOOKED, *columns)

    async def forget(self, account_ids: Collection[UUID]) -> None:
        """Likewise."""
        if account_ids:
            await (await driver(self._connection)).execute(_FORGET, list(account_ids))

    async def of_statement(self, statement_id: UUID) -> Charged | None:
        """The newest row has the sums."""
        row = await (await driver(self._connection)).fetchrow(
            f"{CHARGES} WHERE statement_id = $1 ORDER BY number DESC LIMIT 1", statement_id
        )
        return None if row is None else to_charged(row)

    async def waiver(self, key: str, *, who: str) -> Waiver | None:
        """By its key."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM late_charge_waiver WHERE who = $1 AND key = $2", who, key
        )
        return None if row is None else to_waiver(row)

    async def add_waiver(self, waiver: Waiver) -> None:
        """Waits for whoever uses the same key, of another statement."""
        order = waiver.order
        added = await (await driver(self._connection)).fetchval(
            _ADD_WAIVER,
            waiver.id,
            order.key,
            order.statement_id,
            waiver.account_id,
            order.amount_micro,
            waiver.currency,
            order.who,
            order.reason,
            waiver.proposal_id,
            waiver.charge_id,
            waiver.at,
        )
        if added is None:
            message = (
                f"the Idempotency-Key {order.key} came before with another waiver, which stands; "
                "nothing was changed"
            )
            raise KeyUsedBefore(message)
