"""Tariff versions."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.tariffs.tables import tariff_version
from prepay_ledger.tariffs.values import Published
from prewatt_common.db.database import Database, driver
from prewatt_metering.tariffs.document import TariffVersion, canonical, parse_tariff

VersionKey: TypeAlias = tuple[str, date, int]
"""Code, the day from which the version holds, and the correction that made it."""

_PUBLISHING_LOCK = 0x4E4D08
_STATE = "SELECT current_database(), count(*), max(published_at) FROM tariff_version"
_IS_CHARGED = "SELECT EXISTS (SELECT FROM agreement WHERE tariff_code = $1 AND first_day <= $2)"
_HOLDERS = """
SELECT count(*) AS agreements, (array_agg(account_id))[1] AS account_id FROM agreement
WHERE tariff_code = $1 AND (end_day IS NULL OR end_day > $2)
  AND (capacity_va IS NULL OR NOT $3) AND ($4::date IS NULL OR first_day < $4)
"""
# A row is never changed and never goes, so how many there are tells whether any is new. Books
# are asked for in every batch; parsed anew each time they would cost more than its readings.
_kept: dict[tuple[object, ...], Tariffs] = {}


class PostgresTariffs:
    """A `TariffStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Until the transaction ends."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_PUBLISHING_LOCK)))

    async def hold(self) -> None:
        """Shared: who agrees does not wait for others who do."""
        await self._connection.execute(select(func.pg_advisory_xact_lock_shared(_PUBLISHING_LOCK)))

    async def holders(
        self, code: str, *, first: date, end: date | None, without_capacity: bool
    ) -> tuple[int, UUID | None]:
        """How many agreements hold then, and the account of one."""
        connection = await driver(self._connection)
        row = await connection.fetchrow(_HOLDERS, code, first, without_capacity, end)
        assert row is not None, "an aggregate has a row"
        return row["agreements"], row["account_id"]

    async def book(self) -> Tariffs:
        """Every tariff version there is: a utility has tens of them."""
        state = await (await driver(self._connection)).fetchrow(_STATE)
        assert state is not None, "an aggregate has a row"
        key = tuple(state)
        known = _kept.get(key)
        if known is None:
            rows = await self._connection.execute(select(tariff_version))
            known = Tariffs(
                (parse_tariff(row["document"]), row["correction"]) for row in rows.mappings()
            )
            _kept.clear()
            _kept[key] = known
        return known

    async def published(self, version: TariffVersion) -> Published | None:
        """None where code and day are free; what a correction made of it where there was one."""
        query = (
            select(tariff_version)
            .where(
                tariff_version.c.code == version.code,
                tariff_version.c.valid_from == version.valid_from,
            )
            .order_by(tariff_version.c.correction.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else _published(row)

    async def is_charged(self, code: str, *, today: date) -> bool:
        """Standing charge is posted for each day of an agreement up to today."""
        return await (await driver(self._connection)).fetchval(_IS_CHARGED, code, today)

    async def add(self, published: Published) -> None:
        """The caller holds the lock and has looked."""
        version = published.version
        await self._connection.execute(
            insert(tariff_version).values(
                code=version.code,
                valid_from=version.valid_from,
                correction=published.correction,
                currency=version.currency,
                timezone=version.timezone,
                document=canonical(version).decode(),
                published_by=published.published_by,
                reason=published.reason,
                published_at=published.published_at,
            )
        )


async def published_versions(
    database: Database, *, after: VersionKey | None, limit: int
) -> Sequence[Published]:
    """Tariff versions as they were published, in the order of codes and days, after one; a
    corrected one stands before what corrected it."""
    order = (
        tariff_version.c.code,
        tariff_version.c.valid_from,
        tariff_version.c.correction,
    )
    query = select(tariff_version).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    async with database.transaction() as connection:
        rows = (await connection.execute(query)).mappings().all()
    return [_published(row) for row in rows]


def _published(row: RowMapping) -> Published:
    return Published(
        version=parse_tariff(row["document"]),
        correction=row["correction"],
        published_by=row["published_by"],
        reason=row["reason"],
        published_at=row["published_at"],
    )
