"""Links and payments begun by them in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Select, bindparam, func, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.tables import account
from prepay_ledger.pay_links.postgres_rows import ATTEMPT, LINK, to_attempt, to_link, values_of
from prepay_ledger.pay_links.tables import link_payment, pay_link
from prepay_ledger.pay_links.values import Attempt, Payable, PayLink
from prewatt_common.contracts.procedure_v1 import Mode

_CLOSED = """
a.balance_micro >= 0 AND a.owed_micro = 0
AND EXISTS (SELECT FROM installation AS i WHERE i.account_id = a.id)
AND NOT EXISTS (SELECT FROM installation AS i WHERE i.account_id = a.id AND i.begins_at <= :now
                AND (i.ends_at IS NULL OR i.ends_at > :now))
"""


class PostgresPayLinks:
    """A `PayLinkStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def asked_as(self, key: str, *, who: str) -> PayLink | None:
        """By the index of keys."""
        return await self._link(
            select(*LINK).where(pay_link.c.made_by == who, pay_link.c.idempotency_key == key)
        )

    async def add(self, link: PayLink) -> None:
        """Insert it."""
        await self._connection.execute(insert(pay_link).values(values_of(link)))

    async def lock(self, link_id: UUID) -> PayLink | None:
        """Its row, until our commit."""
        return await self._link(select(*LINK).where(pay_link.c.id == link_id).with_for_update())

    async def revoke(self, link: PayLink) -> None:
        """What of it is changed."""
        names = ("revoked_at", "revoked_by", "revoked_reason")
        values = values_of(link)
        await self._connection.execute(
            update(pay_link)
            .where(pay_link.c.id == link.id)
            .values({name: values[name] for name in names})
        )

    async def payable(self, token_sha256: bytes, *, now: datetime, lock: bool) -> Payable | None:
        """By the index of hashes; the account is not locked, which charges would wait for."""
        query = select(*LINK).where(pay_link.c.token_sha256 == token_sha256)
        link = await self._link(query.with_for_update() if lock else query)
        if link is None:
            return None
        a = account.alias("a")
        warned_at = func.greatest(a.c.low_balance_micro, literal(0))
        query = select(
            a.c.number,
            a.c.currency,
            func.greatest(warned_at - a.c.balance_micro, 0).label("prepay"),
            func.greatest(-a.c.balance_micro, 0).label("arrears"),
            a.c.mode,
            text(f"({_CLOSED}) AS is_closed").bindparams(
                bindparam("now", now, DateTime(timezone=True))
            ),
        ).where(a.c.id == link.account_id)
        row = (await self._connection.execute(query)).mappings().one()
        needed = row["prepay"] if row["mode"] == Mode.PREPAY else row["arrears"]
        return Payable(
            link=link,
            number=row["number"],
            currency=row["currency"],
            needed_micro=int(needed),
            is_closed=row["is_closed"],
        )

    async def of_form(self, link_id: UUID, nonce: str) -> Attempt | None:
        """By the index of forms."""
        return await self._attempt(
            select(*ATTEMPT).where(link_payment.c.link_id == link_id, link_payment.c.nonce == nonce)
        )

    async def attempt(self, attempt_id: UUID, *, lock: bool = False) -> Attempt | None:
        """None where there is none."""
        query = select(*ATTEMPT).where(link_payment.c.id == attempt_id)
        return await self._attempt(query.with_for_update() if lock else query)

    async def begun_since(self, link_id: UUID, since: datetime) -> int:
        """Of one link, whose row is locked."""
        query = select(func.count()).where(
            link_payment.c.link_id == link_id, link_payment.c.begun_at >= since
        )
        return (await self._connection.execute(query)).scalar_one()

    async def add_attempt(self, attempt: Attempt) -> None:
        """Insert it."""
        await self._connection.execute(insert(link_payment).values(values_of(attempt)))

    async def put_attempt(self, attempt: Attempt) -> None:
        """What of it may change."""
        names = ("state", "page_url", "code", "payment_id", "paid_micro", "closed_at")
        values = values_of(attempt)
        await self._connection.execute(
            update(link_payment)
            .where(link_payment.c.id == attempt.id)
            .values({name: values[name] for name in names})
        )

    async def _link(self, query: Select[tuple[object, ...]]) -> PayLink | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_link(row) if row else None

    async def _attempt(self, query: Select[tuple[object, ...]]) -> Attempt | None:
        row = (await self._connection.execute(query)).mappings().first()
        return to_attempt(row) if row else None
