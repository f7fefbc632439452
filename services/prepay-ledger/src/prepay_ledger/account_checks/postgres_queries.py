"""Account checks as people look at them: read-only."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.account_checks.postgres_rows import checks, lines, to_check, to_line
from prepay_ledger.account_checks.refusals import UnknownCheck
from prepay_ledger.account_checks.tables import (
    account_check,
    account_check_line,
    account_check_resolution,
)
from prepay_ledger.account_checks.values import Check, Line
from prepay_ledger.vending.tables import vendor
from prewatt_common.db.database import Database


class CheckQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checks(
        self, *, vendor_code: str | None, is_done: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Check]:
        """The newest first."""
        query = checks().order_by(account_check.c.id.desc()).limit(limit)
        if vendor_code is not None:
            vendor_id = select(vendor.c.id).where(vendor.c.code == vendor_code).scalar_subquery()
            query = query.where(account_check.c.vendor_id == vendor_id)
        if is_done is not None:
            query = query.where((account_check.c.open_lines == 0) == is_done)
        if before is not None:
            query = query.where(account_check.c.id < before)
        async with self._database.transaction() as connection:
            return [to_check(row) for row in (await connection.execute(query)).mappings()]

    async def lines(
        self, check_id: UUID, *, is_resolved: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Line]:
        """What differs of a day, the newest first. Raises `UnknownCheck`."""
        query = (
            lines()
            .where(account_check_line.c.check_id == check_id)
            .order_by(account_check_line.c.id.desc())
            .limit(limit)
        )
        if is_resolved is not None:
            query = query.where(account_check_resolution.c.line_id.is_not(None) == is_resolved)
        if before is not None:
            query = query.where(account_check_line.c.id < before)
        async with self._database.transaction() as connection:
            known = select(account_check.c.id).where(account_check.c.id == check_id)
            if (await connection.execute(known)).first() is None:
                message = f"there is no account check {check_id}"
                raise UnknownCheck(message)
            return [to_line(row) for row in (await connection.execute(query)).mappings()]
