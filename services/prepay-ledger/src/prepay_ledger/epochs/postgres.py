"""Epochs in PostgreSQL."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.epochs.values import NUMBER_BITS, next_epoch
from prewatt_common.db.database import DriverConnection, driver

FIRST_NUMBER = f"(SELECT coalesce(max(epoch), 0) << {NUMBER_BITS} FROM epoch)"  # noqa: S608
"""`first_number` of the current epoch, within a statement."""

_CURRENT = "SELECT coalesce(max(epoch), 0) FROM epoch"


async def current_epoch(connection: DriverConnection) -> int:
    """0 until a restore has raised it."""
    return await connection.fetchval(_CURRENT)


async def raise_epoch(connection: AsyncConnection, *, who: str, reason: str, at: datetime) -> None:
    """From here on numbers are above all that were given before, also by what is forgotten."""
    inner = await driver(connection)
    last = await inner.fetchval(_CURRENT)
    await inner.execute(
        "INSERT INTO epoch (epoch, who, reason, raised_at) VALUES ($1, $2, $3, $4)",
        next_epoch(now=at, last=last),
        who,
        reason,
        at,
    )
