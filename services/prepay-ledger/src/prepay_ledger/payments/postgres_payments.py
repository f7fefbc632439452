"""Payments, and what people did with those in suspense."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.payments.tables import payment as payment_table
from prepay_ledger.payments.tables import payment_movement, payment_resolution
from prepay_ledger.payments.tables import topup as topup_table
from prepay_ledger.payments.taken_back import Movement
from prepay_ledger.payments.values import (
    KnownPayment,
    Payment,
    PaymentOutcome,
    Resolution,
    ResolutionAction,
    Topup,
    payment_lock,
)
from prepay_ledger.providers.values import Kind
from prewatt_common.db.database import hold


class PostgresPayments:
    """A `PaymentStore`."""

    def __init__(self, connection: AsyncConnection, *, locks: Collection[str]) -> None:
        self._connection = connection
        self._locks = locks

    async def lock_by_payment_id(self, *, provider: str, payment_id: str) -> KnownPayment | None:
        """By an advisory lock: there may be no row yet."""
        name = payment_lock(provider=provider, payment_id=payment_id)
        if name not in self._locks:
            await hold(self._connection, name)
        return await self._one(_named(provider, payment_id).with_for_update())

    async def by_payment_id(self, *, provider: str, payment_id: str) -> KnownPayment | None:
        """The payment if it is known."""
        return await self._one(_named(provider, payment_id))

    async def lock(self, payment: UUID) -> KnownPayment | None:
        """The payment of that id of ours, its row locked until the transaction ends."""
        query = select(payment_table).where(payment_table.c.id == payment)
        return await self._one(query.with_for_update())

    async def add(self, known: KnownPayment, *, journal_id: int, at: datetime) -> None:
        """Insert it."""
        await self._connection.execute(_insert_payment(known, journal_id=journal_id, at=at))

    async def add_credited(self, known: KnownPayment, topup: Topup, *, at: datetime) -> None:
        """In one statement."""
        payment = _insert_payment(known, journal_id=topup.journal_id, at=at).cte("paid")
        await self._connection.execute(_insert_topup(known.id, topup, at=at).add_cte(payment))

    async def add_topup(self, payment: UUID, topup: Topup, *, at: datetime) -> None:
        """Insert it."""
        await self._connection.execute(_insert_topup(payment, topup, at=at))

    async def movements(self, *, provider: str, payment_id: str) -> Sequence[Movement]:
        """By the index of payments; none of nearly all."""
        query = select(payment_movement).where(
            payment_movement.c.provider == provider, payment_movement.c.payment_id == payment_id
        )
        rows = (await self._connection.execute(query.order_by(payment_movement.c.id))).mappings()
        return [
            Movement(
                kind=Kind(row["kind"]),
                movement_id=row["movement_id"],
                amount_micro=row["amount_micro"],
                currency=row["currency"],
                is_total=row["is_total"],
            )
            for row in rows
        ]

    async def add_movement(
        self,
        movement: Movement,
        *,
        provider: str,
        payment_id: str,
        happened_at: datetime | None,
        now: datetime,
    ) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(payment_movement).values(
                provider=provider,
                payment_id=payment_id,
                happened_at=happened_at,
                at=now,
                **asdict(movement),
            )
        )

    async def set_taken_back(self, payment: UUID, micro: int) -> None:
        """Of all that was told of it."""
        await self._connection.execute(
            update(payment_table)
            .where(payment_table.c.id == payment)
            .values(taken_back_micro=micro)
        )

    async def resolution(self, payment: UUID) -> Resolution | None:
        """What a person did with it, if anybody did."""
        query = select(payment_resolution).where(payment_resolution.c.payment == payment)
        row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            return None
        return Resolution(
            action=ResolutionAction(row["action"]),
            account_id=row["account_id"],
            who=row["who"],
            reason=row["reason"],
            journal_id=row["journal_id"],
            at=row["at"],
        )

    async def resolve(
        self, payment: UUID, resolution: Resolution, *, outcome: PaymentOutcome
    ) -> None:
        """Write where the money went; `lock` was called before."""
        await self._connection.execute(
            insert(payment_resolution).values(payment=payment, **asdict(resolution))
        )
        await self._connection.execute(
            update(payment_table)
            .where(payment_table.c.id == payment)
            .values(outcome=outcome, account_id=resolution.account_id)
        )

    async def _one(self, query: Any) -> KnownPayment | None:
        row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            return None
        return KnownPayment(
            id=row["id"],
            payment=Payment(**{name: row[name] for name in Payment.__dataclass_fields__}),
            outcome=PaymentOutcome(row["outcome"]),
            reason=row["reason"],
            account_id=row["account_id"],
            taken_back_micro=row["taken_back_micro"],
            received_at=row["received_at"],
            by_settlement=row["by_settlement"],
        )


def _insert_payment(known: KnownPayment, *, journal_id: int, at: datetime) -> Insert:
    return insert(payment_table).values(
        id=known.id,
        account_id=known.account_id,
        outcome=known.outcome,
        reason=known.reason,
        journal_id=journal_id,
        received_at=at,
        by_settlement=known.by_settlement,
        **asdict(known.payment),
    )


def _insert_topup(payment: UUID, topup: Topup, *, at: datetime) -> Insert:
    row = asdict(topup) | {
        "paid_off": {str(debt_id): micro for debt_id, micro in topup.paid_off.items()},
        "debts_micro": topup.debts_micro,
        "added_micro": topup.added_micro,
    }
    return insert(topup_table).values(payment=payment, at=at, **row)


def _named(provider: str, payment_id: str) -> Any:
    return select(payment_table).where(
        payment_table.c.provider == provider, payment_table.c.payment_id == payment_id
    )
