"""Settlements in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.settlement_files.values import SettledDays
from prepay_ledger.settlements.postgres_rows import (
    FILE_COLUMNS,
    difference_values,
    file_values,
    line_values,
    to_difference,
    to_file,
    to_line,
    to_step,
)
from prepay_ledger.settlements.postgres_sides import ids_that_came, sides_of
from prepay_ledger.settlements.tables import (
    settlement_difference,
    settlement_file,
    settlement_line,
    settlement_step,
)
from prepay_ledger.settlements.values import (
    Difference,
    KeptLine,
    SettlementFile,
    Sides,
    State,
    Step,
)
from prewatt_common.ids import new_id

_ROWS_AT_ONCE = 1_000
_CHANGING = ("state", "outcome", "correction_micro", "reason", "closed_at")


class PostgresSettlements:
    """A `SettlementStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, provider: str) -> None:
        """By an advisory lock: a provider has no row."""
        key = func.hashtextextended(f"settlement/{provider}", 0)
        await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def file_of_key(self, key: str) -> SettlementFile | None:
        """The one that came under it first."""
        query = select(*FILE_COLUMNS).where(settlement_file.c.key == key)
        row = (await self._connection.execute(query)).mappings().first()
        return to_file(row) if row else None

    async def files_of_day(self, provider: str, day: date) -> Sequence[SettlementFile]:
        """By their unique index."""
        query = (
            select(*FILE_COLUMNS)
            .where(settlement_file.c.provider == provider, settlement_file.c.business_day == day)
            .order_by(settlement_file.c.revision)
        )
        return [to_file(row) for row in (await self._connection.execute(query)).mappings()]

    async def add_file(self, file: SettlementFile, body: bytes) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(settlement_file).values(body=body, **file_values(file))
        )

    async def standing(self, provider: str, day: date) -> Sequence[KeptLine]:
        """By the index of those."""
        query = (
            select(settlement_line)
            .where(
                settlement_line.c.provider == provider,
                settlement_line.c.business_day == day,
                settlement_line.c.stands,
            )
            .order_by(settlement_line.c.number)
        )
        return [to_line(row) for row in (await self._connection.execute(query)).mappings()]

    async def replace(self, provider: str, day: date) -> None:
        """They are kept, of the file that they came in."""
        await self._connection.execute(
            update(settlement_line)
            .where(
                settlement_line.c.provider == provider,
                settlement_line.c.business_day == day,
                settlement_line.c.stands,
            )
            .values(stands=False)
        )

    async def add_lines(self, lines: Sequence[KeptLine]) -> None:
        """Insert them."""
        for at in range(0, len(lines), _ROWS_AT_ONCE):
            rows = [line_values(each) for each in lines[at : at + _ROWS_AT_ONCE]]
            await self._connection.execute(insert(settlement_line), rows)

    async def settled_days(self, provider: str) -> Collection[date]:
        """One a day of business."""
        query = select(settlement_file.c.business_day).where(
            settlement_file.c.provider == provider, settlement_file.c.revision == 1
        )
        return frozenset((await self._connection.execute(query)).scalars())

    async def ours_of(self, provider: str, day: date, days: SettledDays) -> Collection[str]:
        """By the indexes of when what came."""
        begins_at = days.ends_at(day - timedelta(days=1))
        return await ids_that_came(
            self._connection, provider, begins_at=begins_at, ends_at=days.ends_at(day)
        )

    async def sides(
        self, provider: str, payment_ids: Collection[str], days: SettledDays
    ) -> Sequence[Sides]:
        """Some at a time."""
        ids, found = sorted(payment_ids), list[Sides]()
        for at in range(0, len(ids), _ROWS_AT_ONCE):
            some = ids[at : at + _ROWS_AT_ONCE]
            found += await sides_of(self._connection, provider, some, days)
        return found

    async def differences(
        self, provider: str, payment_ids: Collection[str]
    ) -> Sequence[Difference]:
        """Some at a time."""
        ids, found = sorted(payment_ids), list[Difference]()
        for at in range(0, len(ids), _ROWS_AT_ONCE):
            query = select(settlement_difference).where(
                settlement_difference.c.provider == provider,
                settlement_difference.c.payment_id.in_(ids[at : at + _ROWS_AT_ONCE]),
                settlement_difference.c.state != State.GONE.value,
            )
            rows = await self._connection.execute(query.order_by(settlement_difference.c.id))
            found += [to_difference(row) for row in rows.mappings()]
        return found

    async def unresolved(
        self, *, after: UUID | None, limit: int
    ) -> Sequence[tuple[UUID, str, str]]:
        """By the index of those."""
        named = settlement_difference.c
        query = (
            select(named.id, named.provider, named.payment_id)
            .where(named.closed_at.is_(None))
            .order_by(named.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(named.id > after)
        return [(row[0], row[1], row[2]) for row in await self._connection.execute(query)]

    async def difference(self, difference_id: UUID) -> Difference | None:
        """One of them."""
        query = select(settlement_difference).where(settlement_difference.c.id == difference_id)
        row = (await self._connection.execute(query)).mappings().first()
        return to_difference(row) if row else None

    async def line(self, line_id: UUID) -> KeptLine:
        """One of them."""
        query = select(settlement_line).where(settlement_line.c.id == line_id)
        return to_line((await self._connection.execute(query)).mappings().one())

    async def add_differences(self, differences: Sequence[Difference]) -> None:
        """Insert them."""
        for at in range(0, len(differences), _ROWS_AT_ONCE):
            rows = [difference_values(each) for each in differences[at : at + _ROWS_AT_ONCE]]
            await self._connection.execute(insert(settlement_difference), rows)

    async def change(self, difference: Difference) -> None:
        """What does not follow from both sides."""
        values = difference_values(difference)
        await self._connection.execute(
            update(settlement_difference)
            .where(settlement_difference.c.id == difference.id)
            .values({name: values[name] for name in _CHANGING})
        )

    async def close(self, ids: Sequence[UUID], reasons: Sequence[str], *, at: datetime) -> None:
        """One by one: there are few."""
        for each, reason in zip(ids, reasons, strict=True):
            await self._connection.execute(
                update(settlement_difference)
                .where(settlement_difference.c.id == each)
                .values(state=State.GONE, reason=reason, closed_at=at)
            )

    async def step_of_key(self, key: str) -> tuple[UUID, Step] | None:
        """By its unique index."""
        query = select(settlement_step).where(settlement_step.c.key == key)
        row = (await self._connection.execute(query)).mappings().first()
        return (row["difference_id"], to_step(row)) if row else None

    async def add_step(self, difference_id: UUID, step: Step) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(settlement_step).values(id=new_id(), difference_id=difference_id, **asdict(step))
        )
