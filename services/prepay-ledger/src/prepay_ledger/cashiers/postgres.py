"""Cashiers' days and their cash in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.cashiers.postgres_rows import (
    days,
    hand_overs,
    latest_counts,
    to_day,
    to_hand_over,
)
from prepay_ledger.cashiers.refusals import OtherRequest
from prepay_ledger.cashiers.tables import (
    cash_count,
    cash_count_outcome,
    cash_day,
    cash_hand_over,
    cash_receipt,
)
from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    CountOrder,
    DayState,
    HandOver,
    Outcome,
    Receipt,
)
from prepay_ledger.vending.values import Vendor
from prewatt_common.ids import new_id


class PostgresCash:
    """A `CashStore` of this room, and a `DrawerStore` of the room `vending`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def is_counted(self, vendor_id: UUID, seller: str, business_day: date) -> bool:
        """By its state."""
        query = select(cash_day.c.state).where(
            cash_day.c.vendor_id == vendor_id,
            cash_day.c.seller == seller,
            cash_day.c.business_day == business_day,
        )
        state = (await self._connection.execute(query)).scalar()
        return state is not None and DayState(state) is not DayState.OPEN

    async def earliest_open(self, seller: str, *, before: date) -> date | None:
        """By the index of days that were not handed over."""
        query = select(func.min(cash_day.c.business_day)).where(
            cash_day.c.seller == seller,
            cash_day.c.business_day < before,
            cash_day.c.state == DayState.OPEN,
        )
        return (await self._connection.execute(query)).scalar()

    async def move(
        self, vendor: Vendor, *, seller: str, business_day: date, amount_micro: int
    ) -> None:
        """The day begins with its first sale."""
        moved = await self._connection.execute(
            update(cash_day)
            .where(
                cash_day.c.vendor_id == vendor.id,
                cash_day.c.seller == seller,
                cash_day.c.business_day == business_day,
            )
            .values(expected_micro=cash_day.c.expected_micro + amount_micro)
            .returning(cash_day.c.id)
        )
        if moved.first() is None:
            await self._connection.execute(
                insert(cash_day).values(
                    id=new_id(),
                    vendor_id=vendor.id,
                    seller=seller,
                    business_day=business_day,
                    currency=vendor.currency,
                    expected_micro=amount_micro,
                    state=DayState.OPEN,
                )
            )

    async def counted_as(self, key: str, *, who: str) -> CountOrder | None:
        """By its key."""
        query = days().where(cash_count.c.key == key, cash_count.c.who == who)
        day = await self._day(query)
        if day is None or day.count is None:
            return None
        return CountOrder(
            key=key,
            who=who,
            seller=day.seller,
            vendor_code=day.vendor_code,
            business_day=day.business_day,
            counted_micro=day.count.counted_micro,
            reason=day.count.reason,
        )

    async def day_of(self, vendor: Vendor, asked: CountOrder) -> CashDay | None:
        """With its latest count."""
        return await self._day(
            latest_counts().where(
                cash_day.c.vendor_id == vendor.id,
                cash_day.c.seller == asked.seller,
                cash_day.c.business_day == asked.business_day,
            )
        )

    async def begin(self, vendor: Vendor, asked: CountOrder) -> CashDay:
        """As a sale of nothing."""
        await self.move(
            vendor, seller=asked.seller, business_day=asked.business_day, amount_micro=0
        )
        day = await self.day_of(vendor, asked)
        assert day is not None, "it was inserted"
        return day

    async def day_counted(self, count_id: UUID) -> CashDay | None:
        """By our id of the count."""
        return await self._day(days().where(cash_count.c.id == count_id))

    async def _day(self, query: Select[Any]) -> CashDay | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_day(row) if row else None

    async def add_count(self, day_id: UUID, count: Count) -> None:
        """Waits for whoever counts under the same key, at another desk."""
        row = asdict(count)
        del row["outcome"]
        added = await self._connection.execute(
            upsert(cash_count)
            .values(cash_day_id=day_id, **row)
            .on_conflict_do_nothing(index_elements=["who", "key"])
            .returning(cash_count.c.id)
        )
        if added.first() is None:
            message = (
                f"the Idempotency-Key {count.key} came before with another count, which stands; "
                "nothing was changed"
            )
            raise OtherRequest(message)

    async def add_outcome(self, count_id: UUID, outcome: Outcome) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(cash_count_outcome).values(count_id=count_id, **asdict(outcome))
        )

    async def put_state(self, day: CashDay) -> None:
        """As it is by now."""
        await self._connection.execute(
            update(cash_day)
            .where(cash_day.c.id == day.id)
            .values(state=day.state, hand_over_id=day.hand_over_id)
        )

    async def closed(self, vendor_id: UUID, seller: str) -> Sequence[CashDay]:
        """In the order of their days."""
        query = latest_counts().where(
            cash_day.c.vendor_id == vendor_id,
            cash_day.c.seller == seller,
            cash_day.c.state == DayState.CLOSED,
        )
        rows = await self._connection.execute(query.order_by(cash_day.c.business_day))
        return [to_day(row) for row in rows.mappings()]

    async def handed_over_as(self, key: str, *, who: str) -> HandOver | None:
        """By its key."""
        return await self._hand_over(
            hand_overs().where(cash_hand_over.c.key == key, cash_hand_over.c.who == who)
        )

    async def hand_over(self, hand_over_id: UUID) -> HandOver | None:
        """By our id."""
        return await self._hand_over(hand_overs().where(cash_hand_over.c.id == hand_over_id))

    async def _hand_over(self, query: Select[Any]) -> HandOver | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_hand_over(row) if row else None

    async def add_hand_over(self, hand_over: HandOver) -> bool:
        """Insert it, unless its slip is there, or its key by now of another desk."""
        row = asdict(hand_over)
        for name in ("vendor_code", "receipt"):
            del row[name]
        added = await self._connection.execute(
            upsert(cash_hand_over)
            .values(**row)
            .on_conflict_do_nothing()
            .returning(cash_hand_over.c.id)
        )
        return added.first() is not None

    async def add_receipt(self, hand_over_id: UUID, receipt: Receipt) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(cash_receipt).values(hand_over_id=hand_over_id, **asdict(receipt))
        )
