"""Webhook events as they came, and payments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.adapters.postgres.tables import payment as payment_table
from prepay_ledger.adapters.postgres.tables import webhook_event
from prepay_ledger.domain.accounts import Payment, PaymentOutcome


class PostgresPayments:
    """A `PaymentStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_event(
        self, *, provider: str, event_id: str, body: bytes, outcome: str, at: datetime
    ) -> bool:
        """False where the event is known."""
        result = await self._connection.execute(
            insert(webhook_event)
            .values(
                provider=provider, event_id=event_id, body=body, outcome=outcome, received_at=at
            )
            .on_conflict_do_nothing()
        )
        return result.rowcount == 1

    async def payment(
        self, *, provider: str, payment_id: str
    ) -> tuple[Payment, PaymentOutcome] | None:
        """The payment if it is known. Whoever else brings the same one waits for our commit: two
        deliveries at once must not both find it unknown."""
        key = func.hashtextextended(f"{provider}/{payment_id}", 0)
        await self._connection.execute(select(func.pg_advisory_xact_lock(key)))
        table = payment_table.c
        query = select(payment_table).where(
            table.provider == provider, table.payment_id == payment_id
        )
        row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            return None
        known = Payment(**{name: row[name] for name in Payment.__dataclass_fields__})
        return known, PaymentOutcome(row["outcome"])

    async def add_payment(
        self,
        payment: Payment,
        *,
        account_id: UUID | None,
        outcome: PaymentOutcome,
        journal_id: int,
        at: datetime,
    ) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(payment_table).values(
                provider=payment.provider,
                payment_id=payment.payment_id,
                account_id=account_id,
                account_number=payment.account_number,
                amount_micro=payment.amount_micro,
                currency=payment.currency,
                outcome=outcome,
                journal_id=journal_id,
                received_at=at,
            )
        )
