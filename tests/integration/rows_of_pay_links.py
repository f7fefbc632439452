"""Rows of pay links for the lists of them."""

from uuid import UUID

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def add_pay_link(connection: asyncpg.Connection, account_id: str, _: int) -> None:
    await _pay_link(connection, account_id)


async def a_pay_link(connection: asyncpg.Connection) -> str:
    return str(await _pay_link(connection, await an_account(connection)))


async def add_link_payment(connection: asyncpg.Connection, link_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO link_payment (id, link_id, nonce, provider, amount_micro, currency, "
        "language, state, page_url, code, payment_id, begun_at) "
        "VALUES ($1, $2, $3, 'p', 9, 'CNY', 'en', 'begun', '', '', '', $4)",
        new_id(), UUID(link_id), f"n{n}", AT,
    )  # fmt: skip


async def _pay_link(connection: asyncpg.Connection, account_id: str) -> UUID:
    link_id = new_id()
    await connection.execute(
        "INSERT INTO pay_link (id, account_id, token_sha256, key_id, valid_until, for_whom, "
        "shows_needed, made_by, idempotency_key, made_at, revoked_by, revoked_reason) "
        "VALUES ($1, $2, $3, 'k', '2099-01-01', '', false, 'w', $4, $5, '', '')",
        link_id, UUID(account_id), link_id.bytes * 2, str(link_id), AT,
    )  # fmt: skip
    return link_id
