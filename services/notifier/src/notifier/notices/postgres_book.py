"""The intake's side: accounts, contacts, new and open notices."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.contacts.consents import Purpose, declined
from notifier.contacts.nominations import Nominated
from notifier.contacts.postgres import contacts_of
from notifier.contacts.postgres_consents import consents_of
from notifier.contacts.postgres_nominations import nominated_of
from notifier.contacts.values import Contact
from notifier.notices.calls import Account
from notifier.notices.order import Place, Told
from notifier.notices.overtaken import OpenNotice
from notifier.notices.planning import Plan
from notifier.notices.postgres_rows import INSERT_NOTICES, notice_columns, stop_notices
from notifier.notices.values import Notice, Status, Template
from prewatt_common.db.database import DriverConnection
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message


class PostgresNoticeBook:
    """A `NoticeBook` on an open transaction."""

    def __init__(
        self,
        transaction: AsyncConnection,
        connection: DriverConnection,
        *,
        refusable: Collection[Purpose],
    ) -> None:
        self._transaction = transaction
        self._connection = connection
        self._refusable = refusable

    async def open_accounts(self, numbers: Mapping[UUID, str]) -> Collection[UUID]:
        if not numbers:
            return ()
        ordered = sorted(numbers)
        rows = await self._connection.fetch(
            """
            INSERT INTO account (id, number) SELECT * FROM unnest($1::uuid[], $2::text[])
            ON CONFLICT DO NOTHING RETURNING id
            """,
            ordered,
            [numbers[each] for each in ordered],
        )
        return {row["id"] for row in rows}

    async def taken(self, cause_ids: Collection[UUID]) -> set[UUID]:
        rows = await self._connection.fetch(
            "SELECT DISTINCT cause_id FROM notice WHERE cause_id = ANY ($1::uuid[])",
            list(cause_ids),
        )
        return {row["cause_id"] for row in rows}

    async def hold_accounts(self, account_ids: Collection[UUID]) -> Mapping[UUID, Account]:
        # Both in the order of ids: two batches over the same accounts cannot deadlock.
        ordered = sorted(account_ids)
        await self._connection.execute(
            """
            INSERT INTO account (id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING
            """,
            ordered,
        )
        rows = await self._connection.fetch(
            """
            SELECT id, number, supply_off_since, limit_w, balance_number, balance_decided,
                   balance_at
            FROM account WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE
            """,
            ordered,
        )
        return {row["id"]: _account(row) for row in rows}

    async def contacts(self, account_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        return await contacts_of(self._connection, account_ids)

    async def declined(self, account_ids: Collection[UUID]) -> Mapping[UUID, Collection[Purpose]]:
        said = await consents_of(self._connection, account_ids)
        # Nothing of campaigns is made from an event: who has said nothing declines none of these.
        return {
            account_id: declined(consents, refusable=self._refusable)
            for account_id, consents in said.items()
        }

    async def nominated(self, account_ids: Collection[UUID]) -> Mapping[UUID, Nominated]:
        return await nominated_of(self._connection, account_ids)

    async def open_notices(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Sequence[OpenNotice]:
        # What was never sent too: somebody may bring it to the door. One of a template that a newer
        # release knows stays as it is, for nobody here can say what overtakes it.
        rows = await self._connection.fetch(
            """
            SELECT id, account_id, template, settled_above_micro,
                   (facts ->> 'debt_id')::uuid AS debt_id
            FROM notice
            WHERE account_id = ANY ($1::uuid[]) AND stop_as IS DISTINCT FROM 'withdrawn'
              AND status <> 'withdrawn' AND (status IN ('queued', 'sending') OR expires_at > $2)
              AND template = ANY ($3::text[])
            """,
            list(account_ids),
            now,
            list(Template),
        )
        return [
            OpenNotice(
                row["id"],
                row["account_id"],
                Template(row["template"]),
                row["settled_above_micro"],
                row["debt_id"],
            )
            for row in rows
        ]

    async def write(self, plan: Plan, *, now: datetime) -> Sequence[Notice]:
        if plan.accounts:
            changed = list(plan.accounts.values())
            await self._connection.execute(
                """
                UPDATE account AS a
                SET number = n.number, supply_off_since = n.off_since, limit_w = n.limit_w,
                    balance_number = n.balance_number, balance_decided = n.balance_decided,
                    balance_at = n.balance_at
                FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[],
                            $5::bigint[], $6::boolean[], $7::timestamptz[])
                     AS n (id, number, off_since, limit_w, balance_number, balance_decided,
                           balance_at)
                WHERE a.id = n.id
                """,
                [account.id for account in changed],
                [account.number for account in changed],
                [account.supply_off_since for account in changed],
                [account.limit_w for account in changed],
                [account.newest and account.newest.place.balance_number for account in changed],
                [account.newest and account.newest.place.is_decided for account in changed],
                [account.newest and account.newest.at for account in changed],
            )
        if plan.notices:
            await self._connection.execute(INSERT_NOTICES, *notice_columns(plan.notices), now)
        if not plan.withdrawn:
            return []
        return await stop_notices(
            self._connection, ids=list(plan.withdrawn), stop_as=Status.WITHDRAWN
        )

    async def publish(self, messages: Sequence[Message]) -> None:
        await outbox.append(self._transaction, messages)


def _account(row: asyncpg.Record) -> Account:
    newest = None
    if row["balance_number"] is not None:
        place = Place(row["balance_number"], row["balance_decided"])
        newest = Told(place, row["balance_at"])
    return Account(row["id"], row["number"], row["supply_off_since"], row["limit_w"], newest)
