"""Payouts in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.payouts.postgres_rows import payout_values, to_payout, to_step
from prepay_ledger.payouts.tables import payout, payout_step
from prepay_ledger.payouts.values import Payout, PayoutKey, PayoutState, Step
from prewatt_common.ids import new_id

_CHANGING = (
    "stands", "state", "found_by", "bank_line", "match_id", "difference_micro", "reason",
)  # fmt: skip
_EXPECTED_MAX = 1_000
"""Some a provider and day. Beyond that something else is wrong, which the alert tells."""
LINES_TO_MATCH = text("""
SELECT l.id FROM bank_line AS l LEFT JOIN payment AS p ON p.id = l.payment
WHERE l.currency = :currency AND l.amount_micro = :amount_micro AND l.booked_on >= :since
  AND l.state IN ('debit', 'suspense')
  AND (l.state = 'debit'
       OR (l.state = 'suspense' AND p.outcome = 'suspense' AND p.taken_back_micro = 0))
  AND NOT EXISTS (
    SELECT FROM payout_step AS s WHERE s.bank_line = l.id AND s.action = 'undo')
ORDER BY l.booked_on, l.id LIMIT 100
""")


class PostgresPayouts:
    """A `PayoutStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_day(self, provider: str, day: date) -> Sequence[Payout]:
        """By the unique index, in its order."""
        query = select(payout).where(payout.c.provider == provider, payout.c.business_day == day)
        return await self._payouts(query.order_by(payout.c.id).with_for_update())

    async def add(self, payouts: Sequence[Payout]) -> None:
        """Insert them."""
        if payouts:
            await self._connection.execute(insert(payout), [payout_values(p) for p in payouts])

    async def change(self, changed: Payout) -> None:
        """What does not follow from its file."""
        values = payout_values(changed)
        await self._connection.execute(
            update(payout)
            .where(payout.c.id == changed.id)
            .values({name: values[name] for name in _CHANGING})
        )

    async def expected(self, currency: str | None) -> Sequence[Payout]:
        """By the index of those."""
        query = select(payout).where(payout.c.state == PayoutState.EXPECTED.value)
        if currency is not None:
            query = query.where(payout.c.currency == currency)
        return await self._payouts(
            query.order_by(payout.c.business_day, payout.c.id).limit(_EXPECTED_MAX)
        )

    async def lock(self, payout_id: UUID) -> Payout | None:
        """Its row."""
        found = await self._payouts(
            select(payout).where(payout.c.id == payout_id).with_for_update()
        )
        return found[0] if found else None

    async def by_id(self, payout_id: UUID) -> Payout | None:
        """One of them."""
        found = await self._payouts(select(payout).where(payout.c.id == payout_id))
        return found[0] if found else None

    async def lines_to_match(self, key: PayoutKey, *, since: date) -> Sequence[UUID]:
        """By the index of those; the oldest first."""
        values = {"currency": key.currency, "amount_micro": key.amount_micro, "since": since}
        return (await self._connection.execute(LINES_TO_MATCH, values)).scalars().all()

    async def step_of_key(self, key: str) -> tuple[UUID, Step] | None:
        """By its unique index."""
        query = select(payout_step).where(payout_step.c.key == key)
        row = (await self._connection.execute(query)).mappings().first()
        return (row["payout_id"], to_step(row)) if row else None

    async def add_step(self, payout_id: UUID, step: Step) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(payout_step).values(id=new_id(), payout_id=payout_id, **asdict(step))
        )

    async def _payouts(self, query: Any) -> Sequence[Payout]:
        return [to_payout(row) for row in (await self._connection.execute(query)).mappings()]
