"""Links and payments begun by them in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Select, bindparam, func, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.tables import account
from prepay_ledger.pay_links.postgres_rows import ATTEMPT, LINK, to_attempt, to_link, values_of
from prepay_ledger.pay_links.tables import link_payment, pay_link
from prepay_ledger.pay_links.values import Attempt, LinkKeys, Payable, PayLink, Telling
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.database import driver, insert_rows

_CLOSED = """
a.balance_micro >= 0 AND a.owed_micro = 0
AND EXISTS (SELECT FROM installation AS i WHERE i.account_id = a.id)
AND NOT EXISTS (SELECT FROM installation AS i WHERE i.account_id = a.id AND i.begins_at <= :now
                AND (i.ends_at IS NULL OR i.ends_at > :now))
"""
# By the index of an account's links, whatever the planner knows of `made_by`: by the index that
# begins with it all that were ever told would be read, for each account anew.
_TELLING = f"""
SELECT a.id AS account_id, a.currency, l.id, l.key_id
FROM account AS a
LEFT JOIN LATERAL (
    SELECT id, key_id FROM pay_link
    WHERE account_id = a.id AND made_by || '' = $2 AND key_id = ANY($3::text[])
    AND revoked_at IS NULL AND valid_until >= $4
    ORDER BY id DESC LIMIT 1
) AS l ON true
WHERE a.id = ANY($1::uuid[]) AND NOT ({_CLOSED.replace(":now", "$5")})
"""  # noqa: S608 - all of it is the code's


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

    async def add_all(self, links: Sequence[PayLink]) -> None:
        """One statement."""
        names = list(PayLink.__dataclass_fields__)
        rows = [[getattr(link, name) for name in names] for link in links]
        if rows:
            await insert_rows(self._connection, "pay_link", columns=names, rows=rows)

    async def telling(
        self,
        account_ids: Collection[UUID],
        *,
        who: str,
        keys: LinkKeys,
        until: datetime,
        now: datetime,
    ) -> Mapping[UUID, Telling]:
        """One statement, by the index of each account's links."""
        inner = await driver(self._connection)
        rows = await inner.fetch(_TELLING, list(account_ids), who, list(keys), until, now)
        return {
            row["account_id"]: Telling(row["id"], row["key_id"], row["currency"]) for row in rows
        }

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
