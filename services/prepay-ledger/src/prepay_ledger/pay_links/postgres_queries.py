"""What people ask about links and payments begun by them: read-only."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from prepay_ledger.pay_links.postgres_rows import ATTEMPT, LINK, to_attempt, to_link
from prepay_ledger.pay_links.tables import link_payment, pay_link
from prepay_ledger.pay_links.values import Attempt, PayLink
from prewatt_common.db.database import Database


class PayLinkQueries:
    """Each question one read-only transaction. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def links(
        self, account_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[PayLink]:
        """Of an account, older than ``before``."""
        query = select(*LINK).where(pay_link.c.account_id == account_id)
        if before is not None:
            query = query.where(pay_link.c.id < before)
        query = query.order_by(pay_link.c.id.desc()).limit(limit)
        async with self._database.transaction() as connection:
            return [to_link(row) for row in (await connection.execute(query)).mappings()]

    async def link(self, link_id: UUID) -> PayLink | None:
        """One of them."""
        query = select(*LINK).where(pay_link.c.id == link_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_link(row) if row else None

    async def payments(
        self, link_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[Attempt]:
        """Begun by a link, older than ``before``."""
        query = select(*ATTEMPT).where(link_payment.c.link_id == link_id)
        if before is not None:
            query = query.where(link_payment.c.id < before)
        query = query.order_by(link_payment.c.id.desc()).limit(limit)
        async with self._database.transaction() as connection:
            return [to_attempt(row) for row in (await connection.execute(query)).mappings()]
