"""What hangs on an account or a journal hangs on one that exists, though no foreign key says so."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import asyncpg
import pytest
from ledger_scratch import ACCOUNT, AT, Scratch

pytestmark = pytest.mark.stack

NOBODY = UUID(int=404)
OF_AN_ACCOUNT = {
    "agreement": (
        "INSERT INTO agreement (id, account_id, tariff_code, first_day, revision) "
        "VALUES ($1, $2, 't', '2026-03-01', 1)"
    ),
    "installation": (
        "INSERT INTO installation (id, account_id, meter_id, begins_at, multiplier, revision) "
        "VALUES ($1, $2, 'm', '2026-03-01', 1, 1)"
    ),
    "prepay_agreement": (
        "INSERT INTO prepay_agreement (account_id, version, jurisdiction, customer_class, mode, "
        "warning_micro, overdraft_micro, cut_micro, contacts, reconnection, valid_from, signed_at, "
        "signed_by, paper_reference, paper_sha256, is_ended, by, reason, at) "
        "SELECT $2, 1, 'j', 'c', 'prepay', 0, 0, 0, '{}', 'direct', at, at, 'w', 'p', "
        "repeat('0', 64), false, 'w', $1::uuid::text, at "
        "FROM (SELECT '2026-03-01'::timestamptz) AS t (at)"
    ),
}


@pytest.fixture
async def scratch(own_database_url: str) -> AsyncGenerator[Scratch]:
    made = Scratch(own_database_url)
    await made.open_account(ACCOUNT)
    yield made
    await made.database.close()


@pytest.mark.parametrize("table", OF_AN_ACCOUNT)
async def test_nothing_is_of_an_account_that_does_not_exist(scratch: Scratch, table: str) -> None:
    await scratch.sql("INSERT INTO meter_state (meter_id) VALUES ('m')")
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="account that does not exist"):
        await scratch.sql(OF_AN_ACCOUNT[table], uuid4(), NOBODY)
    await scratch.sql(OF_AN_ACCOUNT[table], uuid4(), ACCOUNT)
    # Of the sealed ones no row is changed at all.
    with pytest.raises((asyncpg.ForeignKeyViolationError, asyncpg.RaiseError)):
        await scratch.sql(f"UPDATE {table} SET account_id = $1", NOBODY)
    (row,) = await scratch.sql(f"SELECT account_id FROM {table}")
    assert row["account_id"] == ACCOUNT


@pytest.mark.parametrize(("journal_id", "account_id"), [("j", NOBODY), ("j + 1", ACCOUNT)])
async def test_no_entry_is_of_an_account_or_a_journal_that_does_not_exist(
    scratch: Scratch, journal_id: str, account_id: UUID
) -> None:
    connection = await scratch.connect()
    await connection.execute("BEGIN")
    await connection.execute(
        "INSERT INTO journal (kind, source, currency, entries, entries_micro, postings, posted_at) "
        "VALUES ('adjustment', 'test', 'CNY', 1, 0, 0, $1)",
        AT,
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="an account or a journal that does"):
        await connection.execute(
            "INSERT INTO entry (journal_id, number, account_id, amount_micro) "
            f"SELECT {journal_id}, 0, $1, 0 FROM (SELECT max(id) AS j FROM journal) AS last",
            account_id,
        )
    await connection.close()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM account", "UPDATE account SET id = $1", "TRUNCATE account CASCADE"]
)
async def test_an_account_stays(scratch: Scratch, statement: str) -> None:
    values = [NOBODY] if "$1" in statement else []
    with pytest.raises(asyncpg.RaiseError, match="of account is refused"):
        await scratch.sql(statement, *values)
