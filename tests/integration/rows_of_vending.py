"""Rows of points of sale for the lists of them."""

from uuid import UUID, uuid4

import asyncpg
from rows import AT, an_account

from prewatt_common.ids import new_id


async def a_vendor(connection: asyncpg.Connection, code: str | None = None) -> str:
    """A new shop, or the one of that code; gives its code."""
    code = code or f"shop-{uuid4().hex[:12]}"
    await connection.execute(
        "INSERT INTO vendor (id, code, name, kind, currency, day_limit_micro, credit_limit_micro, "
        "is_open, opened_at) VALUES ($1, $2, 'n', 'shop', 'CNY', 9, 0, true, $3) "
        "ON CONFLICT DO NOTHING",
        new_id(), code, AT,
    )  # fmt: skip
    return code


async def add_vendor(connection: asyncpg.Connection, _: str, number: int) -> None:
    """Codes that sort before and after those there are."""
    await a_vendor(connection, f"v{number * 7919 % 1000:03d}-{uuid4().hex[:6]}")


async def add_funding(connection: asyncpg.Connection, code: str, _: int) -> None:
    await connection.execute(
        "INSERT INTO vendor_funding (id, vendor_id, key, amount_micro, means, reference, who, "
        "journal_id, at) VALUES ($1, $2, $3, 9, 'bank', 'r', 'w', 1, $4)",
        new_id(), await _id_of(connection, code), str(uuid4()), AT,
    )  # fmt: skip


async def add_vend(connection: asyncpg.Connection, _: str, __: int) -> None:
    """One of the shop-1."""
    vendor_id = await _id_of(connection, await a_vendor(connection, "shop-1"))
    await connection.execute(
        "INSERT INTO vend (id, vendor_id, key, account_id, account_number, amount_micro, currency, "
        "tender, reference, sold_by, business_day, balance_before_micro, balance_micro, "
        "owed_micro, paid_off, credit_micro, supply_state, at) VALUES ($1, $2, $3, $4, "
        "'n', 9, 'CNY', 'cash', '', 'w', '2026-03-01', 0, 9, 0, '{}', 0, 'connected', $5)",
        new_id(), vendor_id, str(uuid4()), UUID(await an_account(connection)), AT,
    )  # fmt: skip


async def add_cash_day(connection: asyncpg.Connection, _: str, __: int) -> None:
    """One of the shop-1, counted twice."""
    day_id, vendor_id = new_id(), await _id_of(connection, await a_vendor(connection, "shop-1"))
    await connection.execute(
        "INSERT INTO cash_day (id, vendor_id, seller, business_day, currency, expected_micro, "
        "state) VALUES ($1, $2, $3, '2026-03-01', 'CNY', 9, 'counted')",
        day_id, vendor_id, str(uuid4()),
    )  # fmt: skip
    for _ in range(2):
        await connection.execute(
            "INSERT INTO cash_count (id, cash_day_id, key, expected_micro, counted_micro, who, "
            "reason, at) VALUES ($1, $2, $3, 9, 8, 'w', 'r', $4)",
            new_id(), day_id, str(uuid4()), AT,
        )  # fmt: skip


async def a_check(connection: asyncpg.Connection) -> str:
    """A new day of a new vendor; gives its id."""
    check_id = new_id()
    await connection.execute(
        "INSERT INTO account_check (id, vendor_id, business_day, their_lines, their_micro, "
        "our_lines, our_micro, matched_lines, open_lines, posted_by, posted_at) "
        "VALUES ($1, $2, '2026-03-01', 1, 9, 0, 0, 0, 1, 'w', $3)",
        check_id, await _id_of(connection, await a_vendor(connection)), AT,
    )  # fmt: skip
    return str(check_id)


async def add_check(connection: asyncpg.Connection, _: str, __: int) -> None:
    await a_check(connection)


async def add_check_line(connection: asyncpg.Connection, check_id: str, number: int) -> None:
    await connection.execute(
        "INSERT INTO account_check_line (id, check_id, key, difference, their_micro) "
        "VALUES ($1, $2, $3, 'missing_here', 9)",
        new_id(), UUID(check_id), f"k{number}",
    )  # fmt: skip


async def add_hand_over(connection: asyncpg.Connection, _: str, __: int) -> None:
    """One of the shop-1."""
    vendor_id = await _id_of(connection, await a_vendor(connection, "shop-1"))
    await connection.execute(
        "INSERT INTO cash_hand_over (id, key, vendor_id, seller, currency, amount_micro, "
        "destination, receiver, slip, who, journal_id, at) "
        "VALUES ($1, $2, $3, 's', 'CNY', 9, 'bank', '', $2, 'w', 1, $4)",
        new_id(), str(uuid4()), vendor_id, AT,
    )  # fmt: skip


async def _id_of(connection: asyncpg.Connection, code: str) -> UUID:
    found = await connection.fetchval("SELECT id FROM vendor WHERE code = $1", code)
    assert isinstance(found, UUID)
    return found
