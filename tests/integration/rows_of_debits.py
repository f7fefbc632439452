"""Rows of batch debits for the lists of them."""

from uuid import UUID, uuid4

import asyncpg
from rows import AT, an_account
from rows_of_mandates import a_mandate

from prewatt_common.ids import new_id


async def add_debit_file(connection: asyncpg.Connection, _: str, __: int) -> None:
    await _file(connection)


async def a_debit_file(connection: asyncpg.Connection) -> str:
    return str(await _file(connection))


async def add_debit_item(connection: asyncpg.Connection, file_id: str, number: int) -> None:
    account_id, request_id = UUID(await an_account(connection)), new_id()
    await connection.execute(
        "INSERT INTO top_up_request (id, mandate_id, account_id, provider, reference, "
        "amount_micro, currency, requested_on, requested_at, state, code, payment_id, sends, "
        "send_at) VALUES ($1, $2, $3, 'p', 'm', 9, 'CNY', '2026-03-01', $4, 'sending', '', '', 1, "
        "$4)",
        request_id, UUID(await a_mandate(connection)), account_id, AT,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO debit_item (request_id, file_id, number, account_id, account_number, "
        "mandate_reference, signed_on, holder, bank_account, bank_code, amount_micro, currency) "
        "VALUES ($1, $2, $3, $4, 'n', 'm', '2026-03-01', 'h', '62220000', '', 9, 'CNY')",
        request_id, UUID(file_id), number + 1, account_id,
    )  # fmt: skip


async def add_debit_result(connection: asyncpg.Connection, _: str, __: int) -> None:
    await _result(connection)


async def add_debit_answer(connection: asyncpg.Connection, _: str, number: int) -> None:
    await connection.execute(
        "INSERT INTO debit_answer (id, result_id, provider, number, kind, named, code, place, "
        "state, reason, open) VALUES ($1, $2, 'p', $3, 'paid', 'x', '', 'line 2', 'unknown', '', "
        "true)",
        new_id(), await _result(connection), number,
    )  # fmt: skip


async def _result(connection: asyncpg.Connection) -> UUID:
    result_id = new_id()
    await connection.execute(
        "INSERT INTO debit_result (id, key, sha256, provider, name, body, answers, uploaded_by, "
        "at) VALUES ($1, $2, $3, 'p', 'n', '', 1, 'w', $4)",
        result_id, str(result_id), uuid4().bytes * 2, AT,
    )  # fmt: skip
    return result_id


async def _file(connection: asyncpg.Connection) -> UUID:
    file_id = new_id()
    await connection.execute(
        "INSERT INTO debit_file (id, key, provider, currency, collect_on, cut_off, state, lines, "
        "sum_micro) VALUES ($1, $2, 'p', 'CNY', '2026-03-05', $3, 'made', 1, 9)",
        file_id, str(file_id), AT,
    )  # fmt: skip
    return file_id
