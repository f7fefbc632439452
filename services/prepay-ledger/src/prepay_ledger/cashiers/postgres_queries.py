"""Cashiers' days and hand-overs as people look at them: read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, exists, func, select

from prepay_ledger.cashiers.postgres_rows import hand_overs, latest_counts, to_day, to_hand_over
from prepay_ledger.cashiers.tables import cash_day, cash_hand_over, cash_receipt
from prepay_ledger.cashiers.values import CashDay, DayState, HandOver
from prepay_ledger.vending.tables import vendor
from prewatt_common.db.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysAsked:
    """Which days; none: all."""

    vendor_code: str | None = None
    seller: str | None = None
    business_day: date | None = None
    state: DayState | None = None


class CashQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def days(self, asked: DaysAsked, *, before: UUID | None, limit: int) -> Sequence[CashDay]:
        """The newest first, each with its latest count."""
        query = latest_counts().order_by(cash_day.c.id.desc()).limit(limit)
        if asked.vendor_code is not None:
            query = query.where(cash_day.c.vendor_id == _vendor_id(asked.vendor_code))
        if asked.seller is not None:
            query = query.where(cash_day.c.seller == asked.seller)
        if asked.business_day is not None:
            query = query.where(cash_day.c.business_day == asked.business_day)
        if asked.state is not None:
            query = query.where(cash_day.c.state == asked.state)
        if before is not None:
            query = query.where(cash_day.c.id < before)
        async with self._database.transaction() as connection:
            return [to_day(row) for row in (await connection.execute(query)).mappings()]

    async def on_its_way_since(self) -> datetime | None:
        """When the oldest cash was handed over that nobody has received yet."""
        received = exists().where(cash_receipt.c.hand_over_id == cash_hand_over.c.id)
        query = select(func.min(cash_hand_over.c.at)).where(~received)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()

    async def hand_overs(
        self,
        *,
        vendor_code: str | None,
        is_received: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[HandOver]:
        """The newest first."""
        query = hand_overs().order_by(cash_hand_over.c.id.desc()).limit(limit)
        if vendor_code is not None:
            query = query.where(cash_hand_over.c.vendor_id == _vendor_id(vendor_code))
        if is_received is not None:
            query = query.where(cash_receipt.c.id.is_not(None) == is_received)
        if before is not None:
            query = query.where(cash_hand_over.c.id < before)
        async with self._database.transaction() as connection:
            return [to_hand_over(row) for row in (await connection.execute(query)).mappings()]


def _vendor_id(code: str) -> ScalarSelect[UUID]:
    return select(vendor.c.id).where(vendor.c.code == code).scalar_subquery()
