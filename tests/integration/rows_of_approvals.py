"""Rows of what waits for a second person, and of what was done, for the lists of them."""

from uuid import UUID, uuid4

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def add_proposal(connection: asyncpg.Connection, _: str, __: int) -> None:
    """One that waits for as long as any test runs."""
    await connection.execute(
        "INSERT INTO proposal (id, kind, subject, key, parameters, amount_micro, currency, who, "
        "reason, at, expires_at) VALUES ($1, 'transfer', 's', $2, '{}', 9, 'CNY', 'w', 'r', $3, "
        "'2999-01-01')",
        new_id(), str(uuid4()), AT,
    )  # fmt: skip


async def add_adjustment(connection: asyncpg.Connection, _: str, __: int) -> None:
    """Of an account of its own."""
    await connection.execute(
        "INSERT INTO adjustment (id, key, account_id, amount_micro, currency, cause, may_overdraw, "
        "who, reason, balance_micro, journal_id, at) "
        "VALUES ($1, $2, $3, 9, 'CNY', 'goodwill', false, 'w', 'r', 9, 1, $4)",
        new_id(), str(uuid4()), UUID(await an_account(connection)), AT,
    )  # fmt: skip


async def add_transfer(connection: asyncpg.Connection, _: str, __: int) -> None:
    """Between two accounts of its own."""
    await connection.execute(
        "INSERT INTO transfer (id, key, from_account_id, to_account_id, amount_micro, currency, "
        "may_overdraw, who, reason, from_balance_micro, to_balance_micro, journal_id, at) "
        "VALUES ($1, $2, $3, $4, 9, 'CNY', false, 'w', 'r', 0, 9, 1, $5)",
        new_id(), str(uuid4()), UUID(await an_account(connection)),
        UUID(await an_account(connection)), AT,
    )  # fmt: skip
