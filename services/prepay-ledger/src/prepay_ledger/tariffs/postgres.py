"""Tariff versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.tables import AnyRow
from prepay_ledger.tariffs.book import TariffBook
from prepay_ledger.tariffs.tables import tariff_version
from prewatt_common.db.database import Database
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

VersionKey: TypeAlias = tuple[str, str]
"""Code, and the month from which the version holds."""


class PostgresTariffs:
    """A `TariffStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def book(self) -> TariffBook:
        """Every tariff version there is: a utility has tens of them."""
        rows = await self._connection.execute(select(tariff_version))
        return TariffBook([_tariff(row) for row in rows.mappings()])

    async def add(self, version: TariffVersion, *, at: datetime) -> bool:
        """False where code and month are taken."""
        statement = insert(tariff_version).values(
            code=version.code,
            effective_from=str(version.effective_from),
            currency=version.currency,
            timezone=version.timezone,
            blocks=[[b.upto_wh, b.price_micro_per_kwh] for b in version.tariff.blocks],
            standing_micro_per_day=version.tariff.standing_micro_per_day,
            tax_bp=version.tariff.tax_bp,
            published_at=at,
        )
        result = await self._connection.execute(statement.on_conflict_do_nothing())
        return result.rowcount == 1


async def published(
    database: Database, *, after: VersionKey | None, limit: int
) -> Sequence[AnyRow]:
    """Tariff versions as they were published, in the order of codes and months, after one."""
    order = (tariff_version.c.code, tariff_version.c.effective_from)
    query = select(tariff_version).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    async with database.transaction() as connection:
        return (await connection.execute(query)).all()


def _tariff(row: RowMapping) -> TariffVersion:
    blocks = tuple(
        Block(upto_wh=upto_wh, price_micro_per_kwh=price) for upto_wh, price in row["blocks"]
    )
    return TariffVersion(
        code=row["code"],
        effective_from=BillingMonth.parse(row["effective_from"]),
        currency=row["currency"],
        timezone=row["timezone"],
        tariff=Tariff(
            blocks=blocks,
            standing_micro_per_day=row["standing_micro_per_day"],
            tax_bp=row["tax_bp"],
        ),
    )
