"""What other tables refer to of an account is a row that no reading changes."""

from importlib.resources import files
from uuid import uuid4

import asyncpg
import pytest
from ledger_scratch import AT, Scratch

INSERTED = (
    "INSERT INTO account (id, number, currency, low_balance_micro, overdraft_micro, protected, "
    "supply_state, opened_at) SELECT id, id::text, 'CNY', 0, 0, false, 'connected', $2 "
    "FROM unnest($1::uuid[]) AS id ON CONFLICT DO NOTHING"
)
REFERS = "INSERT INTO sub_balance (account_id, sub_account, amount_micro) VALUES ($1, 'deposit', 1)"


def test_no_table_refers_to_the_row_that_a_reading_changes() -> None:
    revisions = files("prepay_ledger").joinpath("migrations/versions").iterdir()
    text = "".join(each.read_text("utf-8") for each in revisions if each.name.endswith(".py"))
    assert "REFERENCES account_key (id)" in text
    assert "REFERENCES account (" not in text


@pytest.mark.stack
async def test_whoever_inserts_accounts_makes_their_keys(own_database_url: str) -> None:
    scratch = Scratch(own_database_url)
    first, *others = ids = [uuid4() for _ in range(3)]
    await scratch.open_account(first)
    await scratch.sql(INSERTED, ids, AT)
    assert {row["id"] for row in await scratch.sql("SELECT id FROM account_key")} == set(ids)
    for each in (first, others[0]):
        await scratch.sql(REFERS, each)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await scratch.sql(REFERS, uuid4())
    with pytest.raises(asyncpg.RaiseError):
        await scratch.sql("DELETE FROM account_key")
    await scratch.database.close()
