"""Whatever gives accounts selects all that an account is made of."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from prepay_ledger.balances.postgres import PostgresBalances

ROW: Mapping[str, Any] = {
    "id": UUID(int=1), "number": "1", "currency": "CNY", "balance_micro": 5, "moves": 3,
    "low_balance_micro": 1, "overdraft_micro": 0, "protected": False, "mode": "arrears",
    "supply_state": "connected", "opened_at": datetime(2026, 11, 30, tzinfo=UTC),
    "emergency_credit_micro": 0, "balance_number": 7,
}  # fmt: skip


class Rows(list[Any]):
    def first(self) -> Any:
        return self[0]


class Connection:
    """Gives a row of the columns that a query asks for, and no others."""

    async def execute(self, query: Any) -> Any:
        names = query.selected_columns.keys()
        rows = [{name: ROW.get(name) for name in names}]
        return SimpleNamespace(mappings=lambda: Rows(rows))


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("account", UUID(int=1)),
        ("lock", UUID(int=1)),
        ("lock_all", [UUID(int=1)]),
        ("lock_by_number", "1"),
    ],
)
async def test_an_account_has_its_balances_number(method: str, argument: object) -> None:
    connection: Any = Connection()
    found = await getattr(PostgresBalances(connection), method)(argument)
    (account,) = found if isinstance(found, Sequence) else [found]
    assert (account.balance_micro, account.balance_number) == (5, 7)
