"""Rows of automatic top-ups for the lists of them."""

from uuid import UUID, uuid4

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def add_mandate(connection: asyncpg.Connection, _: str, __: int) -> None:
    await _mandate(connection)


async def a_mandate(connection: asyncpg.Connection) -> str:
    return str(await _mandate(connection))


async def add_mandate_step(connection: asyncpg.Connection, mandate_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO mandate_step (id, mandate_id, action, provider, reference, threshold_micro, "
        "amount_micro, month_micro_max, month_requests_max, valid_from, consent_by, "
        "consent_reference, consent_at, who, reason, key, at) VALUES ($1, $2, 'change', 'p', 'm', "
        "1, 9, 9, 1, '2026-03-01', 'c', $3, $4, 'w', 'r', '', $4)",
        new_id(), UUID(mandate_id), f"d{n}", AT,
    )  # fmt: skip


async def add_top_up_request(connection: asyncpg.Connection, _: str, __: int) -> None:
    account_id = UUID(await an_account(connection))
    await connection.execute(
        "INSERT INTO top_up_request (id, mandate_id, account_id, provider, reference, "
        "amount_micro, currency, requested_on, requested_at, state, code, payment_id, sends) "
        "VALUES ($1, $2, $3, 'p', 'm', 9, 'CNY', '2026-03-01', $4, 'unanswered', '', '', 1)",
        new_id(), await _mandate(connection), account_id, AT,
    )  # fmt: skip


async def _mandate(connection: asyncpg.Connection) -> UUID:
    mandate_id = new_id()
    await connection.execute(
        "INSERT INTO mandate (id, account_id, provider, reference, threshold_micro, amount_micro, "
        "month_micro_max, month_requests_max, valid_from, consent_by, consent_reference, "
        "consent_at, state, state_reason, failures) VALUES ($1, $2, 'p', $3, 1, 9, 9, 1, "
        "'2026-03-01', 'c', 'd', $4, 'active', '', 0)",
        mandate_id, UUID(await an_account(connection)), str(uuid4()), AT,
    )  # fmt: skip
    return mandate_id
