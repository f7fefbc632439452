"""Payments as receipts tell them."""

from uuid import UUID

from sqlalchemy import select

from prepay_ledger.balances.tables import account
from prepay_ledger.payments.tables import payment, topup
from prepay_ledger.receipts.values import Paid
from prewatt_common.db.database import Database

_OF = payment.c


class ReceiptQueries:
    """A `PaidStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def paid(self, payment_id: UUID) -> Paid | None:
        """By our id of it."""
        query = (
            select(_OF.id, _OF.day, account.c.number, _OF.taken_back_micro, topup.c.day)
            .select_from(
                payment.outerjoin(account, account.c.id == _OF.account_id).outerjoin(topup)
            )
            .where(_OF.id == payment_id)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return Paid(
            id=row[0],
            day=row[1],
            account_number=row[2],
            taken_back_micro=row[3],
            topup_day=row[4],
        )
