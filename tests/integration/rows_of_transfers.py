"""Rows of files of transfers for the lists of them."""

from uuid import UUID, uuid4

import asyncpg
from rows import AT
from rows_of_refunds import a_refund

from prewatt_common.ids import new_id


async def a_transfer_file(connection: asyncpg.Connection) -> str:
    file_id = new_id()
    await connection.execute(
        "INSERT INTO transfer_file (id, key, bank, currency, pay_on, made_at, state, lines, "
        "sum_micro) VALUES ($1, $2, 'p', 'CNY', '2026-03-05', $3, 'made', 1, 9)",
        file_id, str(file_id), AT,
    )  # fmt: skip
    return str(file_id)


async def add_transfer_file(connection: asyncpg.Connection, _: str, __: int) -> None:
    await a_transfer_file(connection)


async def add_transfer_item(connection: asyncpg.Connection, file_id: str, number: int) -> None:
    await connection.execute(
        "INSERT INTO transfer_item (file_id, number, refund_id, account_id, account_number, "
        "holder, bank_account, bank_code, amount_micro, currency, live, state, code) "
        "SELECT $1, $2, id, account_id, 'n', 'h', '62220000', '', 9, 'CNY', true, 'ordered', '' "
        "FROM refund WHERE id = $3",
        UUID(file_id), number + 1, UUID(await a_refund(connection)),
    )  # fmt: skip


async def add_transfer_result(connection: asyncpg.Connection, _: str, __: int) -> None:
    await _result(connection)


async def add_transfer_answer(connection: asyncpg.Connection, _: str, number: int) -> None:
    await connection.execute(
        "INSERT INTO transfer_answer (id, result_id, bank, number, kind, named, code, place, "
        "state, reason, open) VALUES ($1, $2, 'p', $3, 'paid', 'x', '', 'line 2', 'unknown', '', "
        "true)",
        new_id(), await _result(connection), number,
    )  # fmt: skip


async def _result(connection: asyncpg.Connection) -> UUID:
    result_id = new_id()
    await connection.execute(
        "INSERT INTO transfer_result (id, key, sha256, provider, name, body, answers, "
        "uploaded_by, at) VALUES ($1, $2, $3, 'p', 'n', '', 1, 'w', $4)",
        result_id, str(result_id), uuid4().bytes * 2, AT,
    )  # fmt: skip
    return result_id
