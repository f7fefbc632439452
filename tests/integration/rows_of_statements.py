"""Statements of post-paid accounts, straight into the ledger's table."""

from uuid import UUID

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def add_statement(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO statement (id, number, account_id, agreement_id, period_first, period_end, "
        "account_number, currency, energy_wh, charged, brought_micro, charged_micro, "
        "corrected_micro, paid_micro, given_micro, owed_micro, posted_total_micro, "
        "paid_total_micro, due_on, issued_at) SELECT $1, coalesce(max(number), 0) + 1, $2, $1, "
        "'2026-03-01', '2026-04-01', 'n', 'CNY', 9, '{}', 0, 9, 0, 0, 0, 9, 9, 0, '2026-04-15', "
        "$3 FROM statement",
        new_id(), UUID(await an_account(connection)), AT,
    )  # fmt: skip
