"""How providers are asked for refunds, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.refunds.postgres_rows import Columns
from prepay_ledger.refunds.values import BACK_OPEN, Back, BackState, PaidBefore
from prewatt_common.db.database import driver

_PAYMENT = """
SELECT id, provider, payment_id, account_id, amount_micro, taken_back_micro, currency, outcome
FROM payment WHERE id = $1 FOR UPDATE
"""
_UNDER_WAY = "SELECT refund_id FROM refund_back WHERE payment = $1 AND state = ANY($2)"
_BACK = """
SELECT b.*, p.payment_id, p.amount_micro AS paid_micro
FROM refund_back AS b JOIN payment AS p ON p.id = b.payment
"""
_ADD = """
INSERT INTO refund_back (refund_id, payment, provider, state, code, movement_id, sends, send_at,
                         answer_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_PUT = """
UPDATE refund_back SET state = $2, code = $3, movement_id = $4, sends = $5, send_at = $6,
    answer_by = $7, other_micro = $8
WHERE refund_id = $1
"""
_TO_ASK = """
SELECT refund_id FROM refund_back WHERE provider = $1 AND send_at <= $2 ORDER BY send_at LIMIT $3
"""
_OVERDUE = """
SELECT refund_id FROM refund_back
WHERE answer_by <= $1 AND state NOT IN ('unanswered', 'other-amount')
ORDER BY answer_by LIMIT $2
"""


class PostgresBacks:
    """A `BackStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_payment(self, payment: UUID) -> PaidBefore | None:
        """Two statements: the second sees what whoever had the lock has written."""
        connection = await driver(self._connection)
        row = await connection.fetchrow(_PAYMENT, payment)
        if row is None:
            return None
        under_way = await connection.fetchval(_UNDER_WAY, payment, list(BACK_OPEN))
        return PaidBefore(
            id=row["id"],
            provider=row["provider"],
            payment_id=row["payment_id"],
            account_id=row["account_id"] if row["outcome"] == "credited" else None,
            amount_micro=row["amount_micro"],
            taken_back_micro=row["taken_back_micro"],
            currency=row["currency"],
            under_way=under_way,
        )

    async def add(self, back: Back) -> None:
        """The caller has the account and the payment locked."""
        await (await driver(self._connection)).execute(
            _ADD,
            back.refund_id,
            back.payment,
            back.provider,
            back.state,
            back.code,
            back.movement_id,
            back.sends,
            back.send_at,
            back.answer_by,
        )

    async def of_refund(self, refund_id: UUID) -> Back | None:
        """None of one that goes another way."""
        row = await (await driver(self._connection)).fetchrow(
            f"{_BACK} WHERE b.refund_id = $1", refund_id
        )
        return None if row is None else _to_back(row)

    async def of_payment(self, payment: UUID) -> Sequence[Back]:
        """By the index."""
        rows = await (await driver(self._connection)).fetch(
            f"{_BACK} WHERE b.payment = $1 ORDER BY b.refund_id", payment
        )
        return [_to_back(row) for row in rows]

    async def put(self, back: Back) -> None:
        """The caller has the account locked."""
        await (await driver(self._connection)).execute(
            _PUT,
            back.refund_id,
            back.state,
            back.code,
            back.movement_id,
            back.sends,
            back.send_at,
            back.answer_by,
            back.given_micro,
        )

    async def to_ask(self, provider: str, *, now: datetime, limit: int) -> Sequence[UUID]:
        """By the index."""
        rows = await (await driver(self._connection)).fetch(_TO_ASK, provider, now, limit)
        return [row["refund_id"] for row in rows]

    async def overdue(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """By the index."""
        rows = await (await driver(self._connection)).fetch(_OVERDUE, now, limit)
        return [row["refund_id"] for row in rows]


def _to_back(row: Columns) -> Back:
    return Back(
        refund_id=row["refund_id"],
        payment=row["payment"],
        provider=row["provider"],
        payment_id=row["payment_id"],
        paid_micro=row["paid_micro"],
        state=BackState(row["state"]),
        code=row["code"],
        movement_id=row["movement_id"],
        sends=row["sends"],
        send_at=row["send_at"],
        answer_by=row["answer_by"],
        given_micro=row["other_micro"],
    )
