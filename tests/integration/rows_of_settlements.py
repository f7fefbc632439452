"""Rows of providers' settlements for the lists of them."""

from uuid import UUID, uuid4

import asyncpg
from rows import AT

from prewatt_common.ids import new_id

_DIFFERENCE = (
    "INSERT INTO settlement_difference (id, provider, business_day, difference, kind, payment_id, "
    "movement_id, nth, their_micro, their_currency, state, outcome, correction_micro, reason, "
    "found_at) VALUES ($1, 'p', '2026-03-01', 'missing-here', 'payment', $2, $2, 1, 9, 'CNY', "
    "'open', '', 0, '', $3)"
)


async def add_settlement_file(connection: asyncpg.Connection, _: str, __: int) -> None:
    await _file(connection)


async def add_settlement_difference(connection: asyncpg.Connection, _: str, __: int) -> None:
    await connection.execute(_DIFFERENCE, new_id(), str(uuid4()), AT)


async def add_payout(connection: asyncpg.Connection, _: str, number: int) -> None:
    await connection.execute(
        "INSERT INTO payout (id, provider, business_day, reference, amount_micro, currency, nth, "
        "stands, state, found_at, found_by, difference_micro, reason) VALUES "
        "($1, 'p', '2026-03-01', $2, 9, 'CNY', $3, true, 'expected', $4, '', 0, '')",
        new_id(), str(uuid4()), number + 1, AT,
    )  # fmt: skip


async def _file(connection: asyncpg.Connection) -> UUID:
    file_id = new_id()
    await connection.execute(
        "INSERT INTO settlement_file (id, provider, business_day, revision, key, sha256, name, "
        "format, body, lines, uploaded_by, reason, at) "
        "VALUES ($1, $2, '2026-03-01', 1, $2, $3, 'n', 'csv', '', 1, 'w', '', $4)",
        file_id, str(file_id), uuid4().bytes * 2, AT,
    )  # fmt: skip
    return file_id
