"""Account checks in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.account_checks.postgres_rows import checks, lines, to_check, to_line
from prepay_ledger.account_checks.tables import (
    account_check,
    account_check_line,
    account_check_posting,
    account_check_resolution,
)
from prepay_ledger.account_checks.values import Check, Line, OurSale, Posting, Resolution
from prepay_ledger.vending.tables import vend, vend_void


class PostgresAccountChecks:
    """A `CheckStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def our_sales(self, vendor_id: UUID, business_day: date) -> Sequence[OurSale]:
        """Void ones too."""
        query = (
            select(
                vend.c.id,
                vend.c.key,
                vend.c.account_number,
                vend.c.amount_micro,
                vend_void.c.id.is_not(None).label("is_void"),
            )
            .select_from(vend.outerjoin(vend_void, vend_void.c.vend_id == vend.c.id))
            .where(vend.c.vendor_id == vendor_id, vend.c.business_day == business_day)
        )
        rows = await self._connection.execute(query)
        return [OurSale(**row) for row in rows.mappings()]

    async def check_of(self, vendor_id: UUID, business_day: date) -> Check | None:
        """By its day."""
        query = checks().where(
            account_check.c.vendor_id == vendor_id, account_check.c.business_day == business_day
        )
        row = (await self._connection.execute(query)).mappings().first()
        return to_check(row) if row else None

    async def posting(self, check_id: UUID, key: str) -> Posting | None:
        """By its key."""
        query = select(account_check_posting).where(
            account_check_posting.c.check_id == check_id, account_check_posting.c.key == key
        )
        row = (await self._connection.execute(query)).mappings().first()
        names = Posting.__dataclass_fields__
        return Posting(**{name: row[name] for name in names}) if row else None

    async def put_check(self, check: Check) -> None:
        """Of a vendor and day there is one."""
        row = asdict(check)
        for name in ("vendor_code", "currency"):
            del row[name]
        await self._connection.execute(
            upsert(account_check)
            .values(**row)
            .on_conflict_do_update(index_elements=["vendor_id", "business_day"], set_=row)
        )

    async def add_posting(self, check_id: UUID, posting: Posting) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(account_check_posting).values(check_id=check_id, **asdict(posting))
        )

    async def lines(self, check_id: UUID) -> Sequence[Line]:
        """All of a day."""
        query = lines().where(account_check_line.c.check_id == check_id)
        return [to_line(row) for row in (await self._connection.execute(query)).mappings()]

    async def remove_open_lines(self, check_id: UUID) -> None:
        """Those without a resolution."""
        resolved = select(account_check_resolution.c.line_id).where(
            account_check_resolution.c.line_id == account_check_line.c.id
        )
        await self._connection.execute(
            delete(account_check_line).where(
                account_check_line.c.check_id == check_id, ~resolved.exists()
            )
        )

    async def add_lines(self, lines: Sequence[Line]) -> None:
        """Insert them."""
        rows = [{"id": each.id, "check_id": each.check_id} | asdict(each.finding) for each in lines]
        if rows:
            await self._connection.execute(insert(account_check_line), rows)

    async def line(self, line_id: UUID) -> tuple[Check, Line] | None:
        """By our id."""
        found = await self._connection.execute(lines().where(account_check_line.c.id == line_id))
        row = found.mappings().first()
        if row is None:
            return None
        line = to_line(row)
        found = await self._connection.execute(checks().where(account_check.c.id == line.check_id))
        return to_check(found.mappings().one()), line

    async def add_resolution(self, line: Line, resolution: Resolution) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(account_check_resolution).values(line_id=line.id, **asdict(resolution))
        )
