"""The role that the service logs in by owns nothing: it can neither change what is sealed nor
switch off what guards that."""

from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest

from prepay_ledger.seals.values import SEALED

pytestmark = pytest.mark.stack

APPEND_ONLY = {
    *(table.name for table in SEALED), "epoch", "seal", "seal_leaves", "left_day",
    "left_meter", "account_key",
}  # fmt: skip
IN_PART = {
    "payment": {"outcome", "account_id"},
    "payment_event": {"outcome", "reason", "open"},
    "refund": {
        "state", "paid_by", "paid_in_sum", "returned_by", "returned_in_sum", "returned_micro",
    },
    "command": {"status", "status_rank", "relay", "detail", "finished_at"},
    "top_up_request": {
        "state", "code", "payment_id", "sends", "send_at", "answer_by", "closed_at",
    },
}  # fmt: skip
"""Tables of which some columns tell how things stand now: those must be free, and are all that the
code changes."""


@pytest.fixture
async def service(ledger: Any) -> AsyncGenerator[asyncpg.Connection]:
    """The database as the running ledger sees it."""
    account = await ledger.open()
    assert (await ledger.pay(account["number"], 5_000_000)).status_code == 200
    url = ledger.stack.service_env("prepay-ledger")["PREWATT_DATABASE_URL"]
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


async def refused(service: asyncpg.Connection, statement: str) -> bool:
    """For want of a right, and not by a trigger that somebody could have switched off."""
    change = service.transaction()
    await change.start()
    try:
        await service.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    finally:
        await change.rollback()
    return False


async def test_the_services_role_owns_nothing_and_is_nobody_special(service: Any) -> None:
    role = await service.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert role["rolname"] == "prepay_ledger"
    assert not any(
        role[f"rol{each}"]
        for each in ("super", "createrole", "createdb", "replication", "bypassrls")
    )
    for owned in (
        "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole",
        "SELECT count(*) FROM pg_proc WHERE proowner = current_user::regrole",
        "SELECT count(*) FROM pg_database WHERE datdba = current_user::regrole",
        "SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole",
    ):
        assert await service.fetchval(owned) == 0, owned


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
async def test_what_is_sealed_cannot_be_changed_nor_its_guard_switched_off(
    service: Any, table: str
) -> None:
    rows = await service.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 "
        "AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'UPDATE')",
        table,
    )
    free = {row["attname"] for row in rows}
    assert free >= IN_PART.get(table, set())
    guarded = await service.fetchval(
        "SELECT tgattr FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname = $2",
        table,
        f"{table}_stands",
    )
    assert bool(free) == bool(guarded) == (table in IN_PART)
    for statement in (
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"DROP TABLE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DISABLE TRIGGER {table}_stands",
        f"DROP TRIGGER {table}_stands ON {table}",
        f"ALTER TABLE {table} ADD COLUMN more text",
        f"CREATE RULE away AS ON INSERT TO {table} DO INSTEAD NOTHING",
    ):
        assert await refused(service, statement), statement


async def test_no_way_around_the_guards(service: Any) -> None:
    for statement in (
        "SET session_replication_role = replica",
        "SET ROLE prepay_ledger_owner",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMPORARY TABLE journal (n int)",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'",
        "UPDATE alembic_version SET version_num = '0'",
        # That readings have left, and which: whoever takes them out says so.
        "INSERT INTO left_meter VALUES ('m-1', '2020-01-01')",
        "INSERT INTO left_day (day) VALUES ('2020-01-01')",
    ):
        assert await refused(service, statement), statement
    others = await service.fetch(
        "SELECT datname FROM pg_database WHERE datname IN ('billing', 'notifier', 'meter_gateway') "
        "AND has_database_privilege(datname, 'CONNECT')"
    )
    assert others == []
