"""Days turned and sealed on PostgreSQL, and every change of what was sealed found again."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from ledger_proofs import forget_seals, run_audit, yesterday_goes_on
from ledger_scratch import ACCOUNT, AGREEMENT, OTHER, Scratch
from own_databases import name_of, own_database

from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.seals.chain import key_of
from prepay_ledger.seals.postgres import PostgresSeals
from prepay_ledger.seals.values import SEALED, SEALED_BY_NAME, SealedTable
from prewatt_common.clock import utc_now
from prewatt_common.merkle import leaf_hash, proves
from prewatt_common.workers import NotRunning
from prewatt_devstack import Stack

pytestmark = pytest.mark.stack


@pytest.fixture
async def scratch(own_database_url: str) -> AsyncGenerator[Scratch]:
    made = Scratch(own_database_url)
    for account_id in (ACCOUNT, OTHER):
        await made.open_account(account_id)
    yield made
    await made.database.close()


@dataclass(frozen=True, slots=True)
class SealedDays:
    """A database of two sealed days, that nobody connects to: those of the tests are copies."""

    name: str
    made_at: datetime


@pytest.fixture(scope="module")
async def sealed_days(module_database_url: str) -> SealedDays:
    """Two sealed days, two rows of every table in each."""
    days = SealedDays(name_of(module_database_url), utc_now())
    made = Scratch(module_database_url, clock=lambda: days.made_at)
    for account_id in (ACCOUNT, OTHER):
        await made.open_account(account_id)
    for ago in (3, 1):
        await made.open(days.made_at.date() - timedelta(days=ago))
        await made.a_row_everywhere()
        await made.close_days()
    await made.publish_heads()
    await made.database.close()
    return days


@pytest.fixture
async def sealed(stack: Stack, sealed_days: SealedDays) -> AsyncGenerator[Scratch]:
    """Two sealed days of the test's own. It is the day still on which they were made."""
    async with a_copy(stack, sealed_days) as made:
        yield made


@pytest.fixture(scope="module")
async def unchanged(stack: Stack, sealed_days: SealedDays) -> AsyncGenerator[Scratch]:
    """Two sealed days that tests share which leave nothing that they have written."""
    async with a_copy(stack, sealed_days) as made:
        yield made
        assert await made.findings() == []


@asynccontextmanager
async def a_copy(stack: Stack, days: SealedDays) -> AsyncGenerator[Scratch]:
    async with own_database(stack, "prepay_ledger", template=days.name) as url:
        made = Scratch(url, clock=lambda: days.made_at)
        yield made
        await made.database.close()


async def test_a_day_that_is_over_is_turned_and_sealed_and_all_holds(sealed: Scratch) -> None:
    today = sealed.clock().date()
    seals = await sealed.sql("SELECT day, body FROM seal ORDER BY day")
    assert [row["day"] for row in seals] == [today - timedelta(days=3), today - timedelta(days=1)]
    for row in seals:
        tables = json.loads(row["body"])["tables"]
        rows = {name: int(table["rows"]) for name, table in tables.items()}
        assert rows == {table.name: 4 if table.name == "entry" else 2 for table in SEALED}
    (standing,) = await sealed.sql("SELECT day, unsealed FROM posting_day")
    assert tuple(standing) == (today, None)
    (events,) = await sealed.sql("SELECT count(*) AS n FROM outbox WHERE topic = 'ledger.facts.v1'")
    assert events["n"] == 2
    assert await sealed.findings() == []
    totals = await AccountQueries(sealed.database).totals()
    (in_cny,) = totals.currencies
    assert in_cny.entries_micro == -(5 + 7 + 6 + 7) * 2
    assert (totals.imbalance_micro, in_cny.balances_micro) == (0, in_cny.entries_micro)
    await sealed.post(9)  # on the day that is open
    totals = await AccountQueries(sealed.database).totals()
    assert (totals.imbalance_micro, totals.currencies[0].entries_micro) == (0, -59)
    await sealed.close_days()  # nothing is due
    assert len(await sealed.sql("SELECT day FROM seal")) == 2


OTHER_VALUE = {
    "uuid": f"'{uuid4()}'::uuid",
    "text": "coalesce({0}, '') || 'x'",
    "bigint": "{0} + 1000",
    "integer": "{0} + 1000",
    "timestamp with time zone": "{0} + interval '1 second'",
    "bytea": "{0} || 'x'::bytea",
    "date": "{0} + 1",
    "ARRAY": "{0} || 'x'::text",
    "boolean": "NOT {0}",
    "jsonb": """'{{"x": 1}}'""",
}
UNIQUE = {
    "body_sha256",
    "check_id",
    "draft_id",
    "event_id_sha256",
    "funding_id",
    "hand_over_id",
    "meter_id",
    "number",
    "payment_id",
    "proposal_id",
    "provider",
    "reference",
    "sequence",
    "slip",
    "sold_by",
    "vend_id",
    "vendor_id",
    "who",
}


UNIQUE_IN = {
    "bank_file": ("key", "sha256"),
    "late_charge": ("statement_id",),
    "mandate_step": ("key",),
    "debit_result": ("key", "sha256"),
    "debit_step": ("file_id",),
    "payment_reminder": ("statement_id",),
    "deposit_line": ("bank_line",),
    "payout_step": ("key",),
    "refund_payee": ("holder",),
    "settlement_file": ("key",),
    "settlement_step": ("key",),
    "statement": ("agreement_id",),
    "transfer_result": ("key", "sha256"),
    "transfer_step": ("file_id",),
}
"""Likewise, of that table alone."""


@pytest.fixture(scope="module")
async def owner(unchanged: Scratch) -> AsyncGenerator[asyncpg.Connection]:
    """As the owner of the tables may: without triggers, foreign keys and checks."""
    connection = await unchanged.connect()
    await connection.execute("SET session_replication_role = replica")
    for table, check in await connection.fetch(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    ):
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
    for name in (
        "journal", "parked_meter_step", "payment_event_step", "payment_movement", "command_answer",
    ):  # fmt: skip
        await connection.execute(f"ALTER TABLE {name} ALTER id DROP IDENTITY")
    yield connection
    await connection.close()


async def after(
    unchanged: Scratch, owner: asyncpg.Connection, query: str, *values: Any
) -> list[str]:
    """What an audit finds after one row was touched, which is undone again."""
    touched = owner.transaction()
    await touched.start()
    status = await owner.execute(query, *values)
    assert status.endswith(" 1"), (query, status)
    found = [str(each) for each in await unchanged.findings(owner)]
    await touched.rollback()
    return found


async def rows_of_first_day(owner: asyncpg.Connection, table: SealedTable) -> dict[str, str]:
    """Where each row lies, by its key, in order."""
    found: dict[str, str] = {}
    day = await owner.fetchval("SELECT min(day) FROM seal")
    async with owner.transaction():
        async for row in PostgresSeals(owner).rows(table, day):
            key = {name: row[table.columns.index(name)] for name in table.key}
            where = " AND ".join(f"{name} = '{value}'" for name, value in key.items())
            place = await owner.fetchval(f"SELECT ctid::text FROM {table.name} WHERE {where}")
            found[key_of(table, row)] = f"ctid = '{place}'"
    return found


@pytest.mark.parametrize("table", SEALED, ids=lambda table: table.name)
async def test_every_column_of_a_sealed_table_is_proven(unchanged, owner, table) -> None:
    types = {
        row["column_name"]: row["data_type"]
        for row in await owner.fetch(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1",
            table.name,
        )
    }
    first = next(iter((await rows_of_first_day(owner, table)).values()))
    for column in table.columns:
        value = OTHER_VALUE[types[column]].format(column)
        found = await after(
            unchanged, owner, f"UPDATE {table.name} SET {column} = {value} WHERE {first}"
        )
        assert any(f" {table.name}: " in each for each in found), (column, found)


@pytest.mark.parametrize("table", SEALED, ids=lambda table: table.name)
async def test_rows_that_are_deleted_or_swapped_are_named(unchanged, owner, table) -> None:
    places = await rows_of_first_day(owner, table)
    (first, second, *_), (here, there, *_) = list(places), list(places.values())
    found = await after(unchanged, owner, f"DELETE FROM {table.name} WHERE {here}")
    assert any(f" {table.name}: a row before {second} is missing" in each for each in found), found
    last = list(places.values())[-1]
    found = await after(unchanged, owner, f"DELETE FROM {table.name} WHERE {last}")
    assert any(f" {table.name}: 1 rows are missing, after " in each for each in found), found
    pairs = ", ".join(
        f"{name} = o.{name}"
        for name in table.columns
        if name not in {*table.key, *UNIQUE, *UNIQUE_IN.get(table.name, ())}
    )
    found = await after(
        unchanged,
        owner,
        f"UPDATE {table.name} AS t SET {pairs} FROM (SELECT * FROM {table.name} WHERE {there}) AS o"
        f" WHERE t.{here}",
    )
    assert any(f" {table.name}: row {first} is not what" in each for each in found), found


async def test_a_row_that_is_added_to_a_sealed_day_is_named(sealed: Scratch) -> None:
    connection = await sealed.connect()
    await connection.execute("SET session_replication_role = replica")
    (day,) = [row["day"] for row in await sealed.sql("SELECT day FROM seal ORDER BY day LIMIT 1")]
    journal_id = await connection.fetchval(
        "INSERT INTO journal "
        "(kind, source, currency, entries, entries_micro, postings, posted_at, day) "
        "VALUES ('top-up', 'nobody', 'CNY', 1, 100, 1, now(), $1) RETURNING id",
        day,
    )
    await connection.execute(
        "INSERT INTO entry (journal_id, number, account_id, amount_micro) VALUES ($1, 0, $2, 100)",
        journal_id,
        ACCOUNT,
    )
    await connection.execute(
        "UPDATE account SET balance_micro = balance_micro + 100 WHERE id = $1", ACCOUNT
    )
    await connection.execute("INSERT INTO posting VALUES ($1, 'revenue:energy', -100)", journal_id)
    await connection.close()
    assert [str(each) for each in await sealed.findings()] == [
        f"rows: {day} entry: row {journal_id}/0 was added",
        f"rows: {day} journal: row {journal_id} was added",
        f"rows: {day} posting: row {journal_id}/revenue:energy was added",
        "sum: customers in CNY is kept as -50 micro-units, its rows come to 50",
    ]


async def test_a_row_of_a_day_that_was_never_open_is_named(sealed: Scratch) -> None:
    connection = await sealed.connect()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "INSERT INTO payment_event_step (payment_event_id, action, who, reason, outcome_before, "
        "outcome, at, day) VALUES ($1, 'a', 'w', 'r', 'a', 'b', now(), '2020-02-02')",
        uuid4(),
    )
    await connection.close()
    (found,) = await sealed.findings()
    assert "of payment_event_step is of 2020-02-02, which has no seal" in str(found)


async def test_a_sum_that_was_changed_is_named(sealed: Scratch) -> None:
    await sealed.sql("UPDATE sealed_sum SET amount_micro = 7 WHERE ledger_account = 'customers'")
    (found,) = await sealed.findings()
    assert str(found) == "sum: customers in CNY is kept as 7 micro-units, its rows come to -50"


async def test_a_chain_that_is_made_anew_as_a_whole_differs_from_what_was_published(
    sealed: Scratch,
) -> None:
    connection = await sealed.connect()
    await connection.execute("SET session_replication_role = replica")
    days = [row["day"] for row in await connection.fetch("SELECT day FROM seal ORDER BY day")]
    await connection.execute("UPDATE payment SET amount_micro = amount_micro + 1")
    await connection.execute("DELETE FROM seal_leaves")
    await connection.execute("DELETE FROM seal")
    await connection.execute("DELETE FROM sealed_sum")
    await connection.close()
    for day in days:
        await sealed.sql("UPDATE posting_day SET unsealed = $1", day)
        await sealed.close_days()
    found = await sealed.findings()
    assert [(each.check, each.day) for each in found] == [("published", day) for day in days]


@pytest.mark.parametrize("name", [*SEALED_BY_NAME, "seal", "seal_leaves"])
async def test_sealed_tables_refuse_what_would_change_them(unchanged: Scratch, name: str) -> None:
    column = SEALED_BY_NAME[name].columns[-1] if name in SEALED_BY_NAME else "day"
    for query in (
        f"UPDATE {name} SET {column} = {column}",
        f"DELETE FROM {name}",
        f"TRUNCATE {name} CASCADE",
    ):
        with pytest.raises(asyncpg.RaiseError, match="is refused: what was written there stands"):
            await unchanged.sql(query)


async def test_rows_of_another_day_than_the_open_one_are_refused(unchanged: Scratch) -> None:
    with pytest.raises(
        asyncpg.RaiseError, match=r"a row of journal for 2020-02-02, but .* is open"
    ):
        await unchanged.sql(
            "INSERT INTO journal "
            "(kind, source, currency, entries, entries_micro, postings, posted_at, day) "
            "VALUES ('a', 'b', 'CNY', 0, 0, 0, now(), '2020-02-02')"
        )
    (old,) = await unchanged.sql("SELECT min(id) AS id FROM journal")
    for query in (
        "INSERT INTO entry (journal_id, number, account_id, amount_micro) VALUES ($1, 9, $2, 1)",
        "INSERT INTO posting SELECT $1, $2::text, 1",
    ):
        with pytest.raises(asyncpg.RaiseError, match="for a journal of another day than"):
            await unchanged.sql(query, old["id"], ACCOUNT if "entry" in query else str(ACCOUNT))


async def test_a_turn_waits_for_who_took_the_day_and_who_comes_meanwhile_gets_the_new(
    scratch: Scratch,
) -> None:
    today = utc_now().date()
    await scratch.open(today - timedelta(days=1))
    insert = (
        "INSERT INTO journal (kind, source, currency, entries, entries_micro, postings, posted_at) "
        "VALUES ('a', $1, 'CNY', 0, 0, 0, now()) RETURNING day"
    )
    writer = await scratch.connect()
    under_way = writer.transaction()
    await under_way.start()
    assert await writer.fetchval(insert, "before") == today - timedelta(days=1)
    turning = asyncio.create_task(scratch.close_days())
    await asyncio.sleep(0.3)
    meanwhile = asyncio.create_task(scratch.sql(insert, "meanwhile"))
    await asyncio.sleep(0.3)
    assert not turning.done()
    await under_way.commit()
    await writer.close()
    await turning
    ((day,),) = await meanwhile
    assert day == today
    (seal,) = await scratch.sql("SELECT body FROM seal")
    assert json.loads(seal["body"])["tables"]["journal"]["rows"] == "1"


async def test_a_day_whose_journal_was_touched_is_not_sealed_and_says_so(scratch: Scratch) -> None:
    await scratch.open(utc_now().date() - timedelta(days=1))
    journal_id = await scratch.post(5, 7)
    connection = await scratch.connect()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("DELETE FROM entry WHERE number = 1")
    await scratch.close_days()
    assert await scratch.sql("SELECT day FROM seal") == []
    with pytest.raises(NotRunning, match=f"journal {journal_id} says 2 entries of -12"):
        await scratch.close_days.check()
    await scratch.post(3)  # payments and readings go on, on the new day
    await connection.execute(
        "INSERT INTO entry (journal_id, number, account_id, amount_micro) VALUES ($1, 1, $2, -7)",
        journal_id,
        ACCOUNT,
    )
    await connection.close()
    await scratch.close_days()
    assert await scratch.close_days.check() == "days are sealed"
    assert len(await scratch.sql("SELECT day FROM seal")) == 1


async def test_who_dies_while_sealing_leaves_nothing_and_two_seal_once(
    scratch: Scratch, monkeypatch
) -> None:
    await scratch.open(utc_now().date() - timedelta(days=1))
    await scratch.post(5)

    async def dies(*_: Any, **__: Any) -> None:
        raise ConnectionResetError

    for name in ("moved", "last_head", "add"):
        with monkeypatch.context() as patched:
            patched.setattr(PostgresSeals, name, dies)
            with pytest.raises(ConnectionResetError):
                await scratch.close_days()
            with pytest.raises(NotRunning, match="days are not sealed, tries again after Conn"):
                await scratch.close_days.check()
        assert await scratch.sql("SELECT day FROM seal") == []
        assert await scratch.sql("SELECT id FROM outbox") == []
    await asyncio.gather(scratch.close_days(), scratch.close_days(), scratch.close_days())
    assert len(await scratch.sql("SELECT day FROM seal")) == 1
    assert len(await scratch.sql("SELECT id FROM outbox")) == 1


async def test_a_clock_that_runs_ahead_takes_the_ledger_nowhere(scratch: Scratch) -> None:
    today = utc_now().date()
    ahead = scratch.closing(lambda: utc_now() + timedelta(days=4_000))
    await scratch.open(today - timedelta(days=1))
    await ahead()
    (standing,) = await scratch.sql("SELECT day FROM posting_day")
    assert standing["day"] == today


async def test_the_audit_as_a_command(scratch: Scratch) -> None:
    await scratch.open(utc_now().date() - timedelta(days=1))
    await scratch.post(5, agreement_id=None)
    await scratch.close_days()
    code, out, _ = await run_audit(scratch.url)
    assert (code, out.count("\n")) == (0, 1)
    assert out.startswith("audit: 1 sealed days, no heads to compare with, open is ")
    assert out.endswith(": all holds\n")
    await scratch.sql("UPDATE account SET balance_micro = 1 WHERE id = $1", OTHER)
    await scratch.sql("INSERT INTO day_use VALUES ('m', $1, '2026-03-01', 'all', 7)", AGREEMENT)
    balance = (
        f"balance: account {OTHER} has 1 micro-units, its entries come to 0 and what is open to 0"
    )
    use = (
        f"use: meter m, agreement {AGREEMENT}, 2026-03-01 all: 7 Wh are kept, "
        "its readings come to 0 Wh"
    )
    code, out, _ = await run_audit(scratch.url, "--seals-only")
    assert (code, out.splitlines()[:-1]) == (1, [balance])
    code, out, _ = await run_audit(scratch.url)
    assert (code, out.splitlines()[:-1]) == (1, [balance, use])
    code, out, err = await run_audit("postgresql://nobody@127.0.0.1:1/none")
    assert (code, out, err.count("\n")) == (2, "", 1)


async def test_a_proof_that_anybody_can_check(ledger) -> None:
    """On the running service: a payment, the seal of its day as an event, the payment's proof."""
    await forget_seals(ledger)
    await yesterday_goes_on(ledger)
    account = await ledger.open()
    assert (await ledger.pay(account["number"], 5_000_000)).status_code == 200
    (payment,) = await ledger.sql(
        "SELECT id, day FROM payment WHERE account_number = $1", account["number"]
    )

    async def is_sealed() -> dict[str, Any] | None:
        answer = await ledger.api.get(f"/v1/seals/{payment['day']}")
        return answer.json() if answer.status_code == 200 else None

    seal = await ledger.until(is_sealed, what="the day is sealed")
    answer = await ledger.api.get(
        f"/v1/seals/{payment['day']}/proof", params={"table": "payment", "key": str(payment["id"])}
    )
    proof = answer.json()
    assert json.loads(proof["row"])["amount_micro"] == "5000000"
    assert proof["leaf"] == leaf_hash(proof["row"].encode()).hex()
    assert json.loads(seal["body"])["tables"]["payment"]["root"] == proof["root"]
    assert proves(
        leaf=bytes.fromhex(proof["leaf"]),
        number=proof["number"],
        count=proof["count"],
        proof=[bytes.fromhex(each) for each in proof["proof"]],
        root=bytes.fromhex(proof["root"]),
    )
    missing = await ledger.api.get("/v1/seals/2020-02-02")
    assert (missing.status_code, missing.json()["type"]) == (
        404,
        "urn:prewatt:problem:not-sealed",
    )
    nobody = await ledger.api.get(
        f"/v1/seals/{payment['day']}/proof", params={"table": "payment", "key": "nobody"}
    )
    assert nobody.status_code == 404
    url = ledger.stack.endpoints.database_url("prepay_ledger")
    code, out, _ = await run_audit(url, "--kafka", ledger.stack.endpoints.kafka_bootstrap)
    found = out.splitlines()
    # What the service closed before this test began anew is published and gone, which is said.
    assert [line for line in found[:-1] if "was published" not in line] == []
    assert f"head {seal['head']} was published" not in out
    assert f"{len(found) - 1} findings" in found[-1] or code == 0
    assert " 0 heads" not in found[-1]
