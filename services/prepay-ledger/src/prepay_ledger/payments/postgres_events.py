"""Signed events as they came."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.payments.tables import payment_event, payment_event_step
from prepay_ledger.payments.values import (
    OPEN,
    EventOutcome,
    KeptBody,
    PaymentEventRow,
    event_lock,
)
from prewatt_common.db.database import hold

_ROW = [payment_event.c[name] for name in PaymentEventRow.__dataclass_fields__]


class PostgresPaymentEvents:
    """A `PaymentEventStore`."""

    def __init__(self, connection: AsyncConnection, *, locks: Collection[str]) -> None:
        self._connection = connection
        self._locks = locks

    async def lock(self, *, provider: str, event_id: str) -> Sequence[PaymentEventRow]:
        """By an advisory lock: there may be no row yet."""
        name = event_lock(provider=provider, event_id=event_id)
        if name not in self._locks:
            await hold(self._connection, name)
        query = (
            select(*_ROW)
            .where(
                payment_event.c.provider == provider,
                payment_event.c.event_id_sha256 == sha256(event_id.encode()).digest(),
            )
            .order_by(payment_event.c.id)
        )
        return [_to_row(row) for row in (await self._connection.execute(query)).mappings()]

    async def add(
        self,
        row: PaymentEventRow,
        *,
        headers: Mapping[str, str],
        body: bytes,
        plain: bytes,
        at: datetime,
    ) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(payment_event).values(
                event_id_sha256=sha256(row.event_id.encode()).digest(),
                headers=headers,
                body=body,
                plain=None if plain == body else plain,
                received_at=at,
                **asdict(row),
            )
        )

    async def unpark(
        self, *, provider: str, payment_id: str, outcome: EventOutcome, reason: str
    ) -> None:
        """Among those that are open, which are few."""
        await self._connection.execute(
            update(payment_event)
            .where(
                payment_event.c.open,
                payment_event.c.outcome == EventOutcome.PARKED,
                payment_event.c.provider == provider,
                payment_event.c.payment_id == payment_id,
            )
            .values(outcome=outcome, reason=reason, open=outcome in OPEN)
        )

    async def payment_of(self, event_id: UUID) -> tuple[str, str] | None:
        """None where it names none, or is not there."""
        columns = (payment_event.c.provider, payment_event.c.payment_id)
        query = select(*columns).where(
            payment_event.c.id == event_id, payment_event.c.payment_id.is_not(None)
        )
        row = (await self._connection.execute(query)).first()
        return (row.provider, row.payment_id) if row else None

    async def lock_by_id(self, event_id: UUID) -> PaymentEventRow | None:
        """The event of that id of ours, its row locked until the transaction ends."""
        query = select(*_ROW).where(payment_event.c.id == event_id).with_for_update()
        row = (await self._connection.execute(query)).mappings().first()
        return _to_row(row) if row else None

    async def body(self, event_id: UUID) -> KeptBody:
        """The bytes that were signed, and as they are read."""
        columns = (payment_event.c.body, payment_event.c.plain)
        query = select(*columns).where(payment_event.c.id == event_id)
        body, plain = (await self._connection.execute(query)).one()
        return KeptBody(body, body if plain is None else plain)

    async def change(
        self,
        after: PaymentEventRow,
        *,
        step: str,
        outcome_before: EventOutcome,
        who: str,
        reason: str,
        at: datetime,
    ) -> None:
        """The event as it stands now, and a step that says who changed it and why."""
        await self._connection.execute(
            update(payment_event)
            .where(payment_event.c.id == after.id)
            .values(
                type=after.type,
                payment_id=after.payment_id,
                outcome=after.outcome,
                reason=after.reason,
                open=after.open,
            )
        )
        await self._connection.execute(
            insert(payment_event_step).values(
                payment_event_id=after.id,
                action=step,
                who=who,
                reason=reason,
                outcome_before=outcome_before,
                outcome=after.outcome,
                at=at,
            )
        )


def _to_row(row: RowMapping) -> PaymentEventRow:
    return PaymentEventRow(
        id=row["id"],
        provider=row["provider"],
        event_id=row["event_id"],
        body_sha256=row["body_sha256"],
        type=row["type"],
        payment_id=row["payment_id"],
        outcome=EventOutcome(row["outcome"]),
        reason=row["reason"],
        open=row["open"],
    )
