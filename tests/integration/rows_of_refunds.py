"""Refunds of accounts that moved out, straight into the ledger's tables."""

from datetime import date
from uuid import UUID, uuid4

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def a_refund(connection: asyncpg.Connection, micro: int = 9) -> str:
    account_id, refund_id = UUID(await an_account(connection)), new_id()
    await connection.execute(
        "INSERT INTO refund_payee (id, account_id, holder, bank_account, bank_code) "
        "VALUES ($1, $2, 'h', 'DE02120300000000202051', '')",
        refund_id, account_id,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO refund (id, account_id, amount_micro, currency, way, payee_id, state, "
        "ordered_at) VALUES ($1, $2, $4, 'CNY', 'bank', $1, 'in-transit', $3)",
        refund_id, account_id, AT, micro,
    )  # fmt: skip
    return str(refund_id)


async def add_refund(connection: asyncpg.Connection, _: str, n: int) -> None:
    await a_refund(connection)


async def add_refund_step(connection: asyncpg.Connection, refund_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO refund_step (id, refund_id, action, amount_micro, key, slip, who, reason, "
        "journal_id, at) VALUES ($1, $2, 'order', 9, $3, '', 'w', 'r', 1, $4)",
        new_id(), UUID(refund_id), uuid4().hex, AT,
    )  # fmt: skip


async def add_unclaimed(connection: asyncpg.Connection, _: str, n: int) -> None:
    account_id = UUID(await an_account(connection))
    await connection.execute("UPDATE account SET balance_micro = 9 WHERE id = $1", account_id)
    await connection.execute(
        "INSERT INTO agreement (id, account_id, tariff_code, first_day, end_day, revision) "
        "VALUES ($1, $2, 't', $3, $4, 1)",
        new_id(), account_id, date(2020, 1, 1), date(2020, 2, 1),
    )  # fmt: skip
