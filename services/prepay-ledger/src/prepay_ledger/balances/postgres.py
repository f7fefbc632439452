"""Accounts: found, and locked while their money moves."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, Select, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.tables import account as account_table
from prepay_ledger.balances.tables import account_plain_number
from prepay_ledger.balances.values import Account
from prepay_ledger.epochs.postgres import FIRST_NUMBER
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.procedure_v1 import Mode

RECHECK = """
WITH due AS (SELECT id FROM account WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE)
UPDATE account SET recheck_at = $2 FROM due
WHERE account.id = due.id AND (account.recheck_at IS NULL OR account.recheck_at > $2)
"""
"""The supply of these accounts is decided about at $2, unless it is before; locked in the order in
which decisions lock them."""
_NUMBER = literal_column(f"{FIRST_NUMBER} + account.moves", BigInteger).label("balance_number")


def select_account() -> Select[Any]:
    """What `to_account` makes an account of: the columns of its row, and its balance's number."""
    return select(account_table, _NUMBER)


class PostgresBalances:
    """A `BalanceStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def account(self, account_id: UUID) -> Account | None:
        """The account, or none."""
        return await self._one(select_account().where(account_table.c.id == account_id))

    async def lock(self, account_id: UUID) -> Account | None:
        """The account, its row locked until the transaction ends."""
        query = select_account().where(account_table.c.id == account_id)
        return await self._one(query.with_for_update(key_share=True))

    async def lock_all(self, account_ids: Sequence[UUID]) -> Sequence[Account]:
        """By one statement."""
        query = select_account().where(account_table.c.id.in_(account_ids))
        locked = query.order_by(account_table.c.id).with_for_update(key_share=True)
        return [to_account(row) for row in (await self._connection.execute(locked)).mappings()]

    async def lock_by_number(self, number: str) -> Account | None:
        """The account of that number, its row locked until the transaction ends."""
        query = select_account().where(account_table.c.number == number)
        return await self._one(query.with_for_update(key_share=True))

    async def numbers_of_plain(self, plain_number: str) -> Sequence[str]:
        """By the index of plain numbers."""
        query = select(account_table.c.number).where(account_plain_number == plain_number)
        return list(await self._connection.scalars(query.order_by(account_table.c.number).limit(3)))

    async def _one(self, query: Any) -> Account | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_account(row) if row else None


async def check_account(connection: AsyncConnection, account_id: UUID) -> None:
    """For what asks about an account and finds nothing where there is none too. Raises
    `UnknownAccount`."""
    query = select(account_table.c.id).where(account_table.c.id == account_id)
    if await connection.scalar(query) is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)


def to_account(row: RowMapping) -> Account:
    """An account from a row that `select_account` gives."""
    return Account(
        id=row["id"],
        number=row["number"],
        currency=row["currency"],
        balance_micro=row["balance_micro"],
        low_balance_micro=row["low_balance_micro"],
        overdraft_micro=row["overdraft_micro"],
        protected=row["protected"],
        mode=Mode(row["mode"]),
        supply_state=SupplyState(row["supply_state"]),
        opened_at=row["opened_at"],
        emergency_credit_micro=row["emergency_credit_micro"],
        balance_number=row["balance_number"],
    )
