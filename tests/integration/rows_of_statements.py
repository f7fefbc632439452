"""Statements of post-paid accounts, and what late days of them cost, straight into the ledger's
tables."""

from uuid import UUID

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def add_statement(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO statement (id, number, account_id, agreement_id, period_first, period_end, "
        "account_number, currency, energy_wh, charged, brought_micro, charged_micro, "
        "corrected_micro, paid_micro, given_micro, late_micro, owed_micro, posted_total_micro, "
        "paid_total_micro, late_total_micro, due_on, issued_at) SELECT $1, "
        "coalesce(max(number), 0) + 1, $2, $1, '2026-03-01', '2026-04-01', 'n', 'CNY', 9, '{}', 0, "
        "9, 0, 0, 0, 0, 9, 9, 0, 0, '2026-04-15', $3 FROM statement",
        new_id(), UUID(await an_account(connection)), AT,
    )  # fmt: skip


async def add_late_charge(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Of the newest statement, which is made where there is none."""
    if await connection.fetchval("SELECT count(*) FROM statement") == 0:
        await add_statement(connection, _, n)
    await connection.execute(
        "INSERT INTO late_charge (id, statement_id, account_id, number, through, amount_micro, "
        "accrued_micro, waived_micro, currency, policy_number, customer_class, spans, journal_id, "
        "at) SELECT $1, id, account_id, (SELECT count(*) + 1 FROM late_charge), '2026-04-16', 9, "
        "9, 0, 'CNY', 0, 'default', '[[\"2026-04-16\", \"2026-04-16\", 9, 1000]]', 1, $2 "
        "FROM statement ORDER BY number DESC LIMIT 1",
        new_id(), AT,
    )  # fmt: skip


async def add_late_waiver(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Of a late charge of its own."""
    await add_late_charge(connection, _, n)
    await connection.execute(
        "INSERT INTO late_charge_waiver (id, key, statement_id, account_id, amount_micro, "
        "currency, who, reason, charge_id, at) SELECT $1, $2, statement_id, account_id, 9, 'CNY', "
        "'w', 'r', id, $3 FROM late_charge ORDER BY id DESC LIMIT 1",
        new_id(), str(new_id()), AT,
    )  # fmt: skip


async def add_reminder(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Of a statement of its own."""
    await add_statement(connection, _, n)
    await connection.execute(
        "INSERT INTO payment_reminder (id, statement_id, account_id, step_days, open_micro, "
        "currency, policy_number, customer_class, at) SELECT $1, id, account_id, 15, 9, 'CNY', 0, "
        "'default', $2 FROM statement ORDER BY number DESC LIMIT 1",
        new_id(), AT,
    )  # fmt: skip
