"""What people ask of supply: read-only, each its own transaction."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Table, select

from prepay_ledger.balances.postgres import check_account, select_account, to_account
from prepay_ledger.balances.tables import account
from prepay_ledger.balances.values import Account
from prepay_ledger.journal.tables import sub_balance
from prepay_ledger.journal.values import SubAccount
from prepay_ledger.relays.tables import command
from prepay_ledger.supply.explain import LastDecision
from prepay_ledger.supply.replay import Inputs
from prepay_ledger.supply.tables import decision
from prepay_ledger.tables import AnyRow
from prewatt_common.db.database import Database


class SupplyQueries:
    """Queries for the API."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def decisions(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[AnyRow]:
        """An account's supply decisions with all they rest on, newest first, older than
        ``before``. Raises `UnknownAccount`."""
        return await self._of_account(decision, account_id, before, limit)

    async def commands(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[AnyRow]:
        """An account's relay commands, newest first, older than ``before``. Raises
        `UnknownAccount`."""
        return await self._of_account(command, account_id, before, limit)

    async def explained(self, account_id: UUID) -> tuple[Account, int, LastDecision | None]:
        """The account as it is, what it owes apart from its balance, in micro-units, and the newest
        decision about it. Raises `UnknownAccount`."""
        of_account = select_account().where(account.c.id == account_id)
        newest = (
            select(decision)
            .where(decision.c.account_id == account_id)
            .order_by(decision.c.id.desc())
            .limit(1)
        )
        apart = select(sub_balance.c.amount_micro).where(
            sub_balance.c.account_id == account_id, sub_balance.c.sub_account == SubAccount.DEBT
        )
        async with self._database.transaction() as connection:
            await check_account(connection, account_id)
            owed_micro = -(await connection.scalar(apart) or 0)
            known = (await connection.execute(of_account)).mappings().one()
            row = (await connection.execute(newest)).first()
        if row is None:
            return to_account(known), owed_micro, None
        inputs = msgspec.convert(row.inputs, Inputs)
        last = LastDecision(id=row.id, at=row.at, held=tuple(row.held), inputs=inputs)
        return to_account(known), owed_micro, last

    async def _of_account(
        self, table: Table, account_id: UUID, before: UUID | None, limit: int
    ) -> Sequence[AnyRow]:
        query = select(table).where(table.c.account_id == account_id)
        if before is not None:
            query = query.where(table.c.id < before)
        async with self._database.transaction() as connection:
            await check_account(connection, account_id)
            rows = await connection.execute(query.order_by(table.c.id.desc()).limit(limit))
            return rows.all()
