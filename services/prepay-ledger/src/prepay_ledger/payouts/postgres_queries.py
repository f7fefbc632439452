"""What people ask about payouts: read-only."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from prepay_ledger.payouts.postgres_rows import to_payout, to_step
from prepay_ledger.payouts.tables import payout, payout_step
from prepay_ledger.payouts.values import Payout, PayoutState, PayoutView
from prewatt_common.db.database import Database


class PayoutQueries:
    """Each question one read-only transaction. A list is by id, newest first. ``late_before``: what
    was sent earlier than that day and is still expected is late."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        *,
        provider: str | None,
        state: PayoutState | None,
        open_: bool | None,
        late_before: date,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Payout]:
        """Older than ``before``; ``open_``: those that a person has to look at, or all others."""
        query = select(payout).order_by(payout.c.id.desc()).limit(limit)
        if provider is not None:
            query = query.where(payout.c.provider == provider)
        if state is not None:
            query = query.where(payout.c.state == state.value)
        if open_ is not None:
            query = query.where(_open(late_before) if open_ else ~_open(late_before))
        if before is not None:
            query = query.where(payout.c.id < before)
        async with self._database.transaction() as connection:
            return [to_payout(row) for row in (await connection.execute(query)).mappings()]

    async def payout(self, payout_id: UUID) -> PayoutView | None:
        """One of them, with all steps."""
        query = select(payout).where(payout.c.id == payout_id)
        steps = select(payout_step).where(payout_step.c.payout_id == payout_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            rows = await connection.execute(steps.order_by(payout_step.c.id))
            return PayoutView(payout=to_payout(row), steps=[to_step(r) for r in rows.mappings()])

    async def open_by_provider(self, *, late_before: date) -> Mapping[str, int]:
        """How many a person has to look at; of providers that have any payout."""
        counts = select(payout.c.provider, func.count().filter(_open(late_before))).group_by(
            payout.c.provider
        )
        async with self._database.transaction() as connection:
            return {row[0]: row[1] for row in await connection.execute(counts)}


def _open(late_before: date) -> ColumnElement[bool]:
    is_late = and_(
        payout.c.state == PayoutState.EXPECTED.value, payout.c.business_day < late_before
    )
    return or_(is_late, and_(payout.c.state == PayoutState.ARRIVED.value, ~payout.c.stands))
