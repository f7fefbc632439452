"""Rows for the lists of what cuts rest on, as `rows` has them for all others."""

from uuid import UUID

import asyncpg
from rows import AT, an_account

from prepay_ledger.procedures.values import DIRECT
from prewatt_common.contracts.procedure_v1 import canonical
from prewatt_common.ids import new_id


async def add_procedure(connection: asyncpg.Connection, _: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO procedure_draft (id, state, document, drafted_by, reason, drafted_at) "
        "VALUES ($1, 'drafted', $2, 'w', 'r', $3)",
        new_id(), canonical(DIRECT).decode(), AT,
    )  # fmt: skip


async def add_cut_list(connection: asyncpg.Connection, _: str, n: int) -> None:
    await a_cut_list(connection)


async def a_cut_list(connection: asyncpg.Connection) -> str:
    list_id = new_id()
    await connection.execute(
        "INSERT INTO cut_list (id, state, cited, local_day, lines, accounts_sha256, drafted_by, "
        "reason, drafted_at) VALUES ($1, 'drafted', 'cn/any/prepay v1', '2026-03-01', 9, '', 'w', "
        "'r', $2)",
        list_id, AT,
    )  # fmt: skip
    return str(list_id)


async def add_cut_list_line(connection: asyncpg.Connection, list_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO cut_list_line SELECT $1, coalesce(max(number), 0) + 1, $2, 'waiting', NULL "
        "FROM cut_list_line WHERE list_id = $1",
        UUID(list_id), UUID(await an_account(connection)),
    )  # fmt: skip


async def add_prepay_agreement(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO prepay_agreement SELECT $1, coalesce(max(version), 0) + 1, 'direct', 'any', "
        "'prepay', 0, 0, 0, ARRAY['log'], 'direct', $2, $2, 's', 'p', $3, false, 'w', 'r', $2 "
        "FROM prepay_agreement WHERE account_id = $1",
        UUID(account_id), AT, "0" * 64,
    )  # fmt: skip


async def add_evidence(connection: asyncpg.Connection, account_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO procedure_evidence (id, account_id, kind, name, at, by, recorded_at) "
        "VALUES ($1, $2, 'step', 's', $3, 'w', $3)",
        new_id(), UUID(account_id), AT,
    )  # fmt: skip
