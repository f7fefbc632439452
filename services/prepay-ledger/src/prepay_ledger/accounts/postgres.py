"""Accounts as they are opened and changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.accounts.values import Terms, first_thresholds
from prepay_ledger.balances.tables import account as account_table
from prepay_ledger.balances.values import Account


class PostgresAccounts:
    """An `AccountStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, account: Account) -> bool:
        """False where the number is taken."""
        statement = insert(account_table).values(**account_row(account))
        result = await self._connection.execute(statement.on_conflict_do_nothing())
        return result.rowcount == 1

    async def change_terms(self, account_id: UUID, terms: Terms) -> bool:
        """Change what is given; false where there is no such account."""
        given = {
            name: value
            for name in Terms.__dataclass_fields__
            if (value := getattr(terms, name)) is not None
        }
        result = await self._connection.execute(
            update(account_table).where(account_table.c.id == account_id).values(given)
        )
        return result.rowcount == 1


def account_row(account: Account) -> dict[str, Any]:
    """The row of a new account."""
    thresholds = first_thresholds(account)
    return {
        "id": account.id,
        "number": account.number,
        "currency": account.currency,
        "balance_micro": account.balance_micro,
        "low_balance_micro": account.low_balance_micro,
        "overdraft_micro": account.overdraft_micro,
        "protected": account.protected,
        "supply_state": account.supply_state,
        "review_at_micro": thresholds.at_micro,
        "review_above_micro": thresholds.above_micro,
        "opened_at": account.opened_at,
    }
