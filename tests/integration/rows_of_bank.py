"""Rows of banks' statements for the lists of them."""

from datetime import date
from uuid import UUID, uuid4

import asyncpg
from rows import AT

from prewatt_common.ids import new_id

OUR_ACCOUNT = "DE02120300000000202051"


async def add_bank_account(connection: asyncpg.Connection, _: str, number: int) -> None:
    """Numbers that sort before and after those there are."""
    await _account(connection, f"A{number * 7919 % 1000:03d}-{uuid4().hex[:6]}")


async def add_bank_file(connection: asyncpg.Connection, _: str, __: int) -> None:
    await _file(connection)


async def add_gap(connection: asyncpg.Connection, _: str, number: int) -> None:
    """Statements of one day, each of which begins with a balance of its own."""
    await _account(connection, OUR_ACCOUNT)
    for opening_micro, day in ((number + 1, date(2026, 3, 2)), (0, date(2026, 3, 1))):
        await connection.execute(
            "INSERT INTO bank_statement (id, file_id, account, statement, opening_micro, "
            "closing_micro, first_day, last_day) VALUES ($1, $2, $3, 's', $4, 0, $5, $5)",
            new_id(), await _file(connection), OUR_ACCOUNT, opening_micro, day,
        )  # fmt: skip


async def add_bank_line(connection: asyncpg.Connection, _: str, number: int) -> None:
    await _account(connection, OUR_ACCOUNT)
    await connection.execute(
        "INSERT INTO bank_line (id, file_id, format, number, account, currency, statement, "
        "identity, kind, amount_micro, booked_on, booking, transaction, end_to_end_id, structured, "
        "text, other_party, state, reason, open, known) VALUES ($1, $2, 'camt', $3, $4, 'CNY', "
        "'s', $5, 'credit', 9, '2026-03-01', '', '', '', '', '', '', 'doubtful', '', true, true)",
        new_id(), await _file(connection), number, OUR_ACCOUNT, str(uuid4()),
    )  # fmt: skip


async def _account(connection: asyncpg.Connection, account: str) -> None:
    await connection.execute(
        "INSERT INTO bank_account (account, currency, name, opened_by, reason, at) "
        "VALUES ($1, 'CNY', 'n', 'w', 'r', $2) ON CONFLICT DO NOTHING",
        account, AT,
    )  # fmt: skip


async def _file(connection: asyncpg.Connection) -> UUID:
    file_id = new_id()
    await connection.execute(
        "INSERT INTO bank_file (id, key, sha256, name, format, body, statements, uploaded_by, at) "
        "VALUES ($1, $2, $3, 'n', 'camt', '', '[]', 'w', $4)",
        file_id, str(file_id), uuid4().bytes * 2, AT,
    )  # fmt: skip
    return file_id
