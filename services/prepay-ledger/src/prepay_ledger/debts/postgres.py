"""Debts in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.values import OFF
from prepay_ledger.debts.postgres_rows import IS_DUE, to_debts
from prepay_ledger.debts.values import (
    DEBT,
    TOPUP,
    Collected,
    Corrected,
    Debt,
    Origin,
    PaidByTopup,
    Standing,
)
from prewatt_common.db.database import driver

_ADD = """
INSERT INTO debt (id, account_id, source, agreement_id, period_first, cause, our_fault, used_until,
                  currency, amount_micro, paid_micro, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (source) DO NOTHING RETURNING id
"""
_LOCK_OF = """
SELECT * FROM debt WHERE account_id = $1 AND left_micro > 0
ORDER BY id FOR UPDATE
"""
_LOCK_ORIGIN = """
SELECT * FROM debt WHERE agreement_id = $1 AND period_first = $2 ORDER BY id FOR UPDATE
"""
_CORRECTED = """
SELECT given_micro, barred_micro FROM corrected_bill WHERE agreement_id = $1 AND period_first = $2
"""
_STANDINGS = """
SELECT agreement_id, period_first, coalesce(d.left_micro, 0)::bigint AS left_micro,
       coalesce(d.lowered_micro, 0)::bigint AS lowered_micro,
       coalesce(c.given_micro, 0) AS given_micro, coalesce(c.barred_micro, 0) AS barred_micro
FROM (SELECT agreement_id, period_first, sum(left_micro) AS left_micro,
             sum(lowered_micro) AS lowered_micro
      FROM debt WHERE agreement_id = ANY($1::uuid[]) GROUP BY 1, 2) AS d
FULL JOIN (SELECT * FROM corrected_bill WHERE agreement_id = ANY($1::uuid[])) AS c
    USING (agreement_id, period_first)
"""
_PUT_CORRECTED = """
INSERT INTO corrected_bill (agreement_id, period_first, account_id, given_micro, barred_micro)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agreement_id, period_first) DO UPDATE
SET given_micro = excluded.given_micro, barred_micro = excluded.barred_micro
"""
_PLAN = """
UPDATE debt SET planned_by = $2, plan_reason = $3, planned_at = $4, topup_share_ppm = $5,
                plan_instalments = $6, plan_first_due = $7, plan_paid_micro = $8
WHERE id = $1
"""
_DUE = f"""
SELECT DISTINCT d.account_id FROM debt AS d JOIN agreement AS a ON a.id = d.agreement_id
WHERE a.tariff_code = $1 AND ($3::uuid IS NULL OR d.account_id > $3)
  AND {IS_DUE}
  AND (d.taken_month IS DISTINCT FROM date_trunc('month', $2::date)::date
       OR d.taken_micro < (SELECT max(i.amount_micro) FROM debt_instalment AS i
                           WHERE i.debt_id = d.id))
ORDER BY d.account_id LIMIT $4
"""  # noqa: S608 - of constants
_COLLECTED = """
SELECT debt_id, requested_on AS due_on, amount_micro, state <> 'paid' AS is_open
FROM top_up_request
WHERE account_id = $1 AND debt_id IS NOT NULL
  AND state IN ('requested', 'sending', 'accepted', 'unanswered', 'paid')
"""
_PAID_BY_TOPUPS = """
SELECT coalesce(sum(e.amount_micro), 0)::bigint
FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
JOIN journal AS t ON t.id = CASE WHEN split_part(j.source, '/', 1) = $4
                                 THEN split_part(j.source, '/', 4)::bigint END
WHERE e.account_id = $1 AND e.sub_account = 'debt' AND j.kind = $2 AND t.posted_at > $3
"""
_PAID_BY_TOPUP = """
SELECT p.*, t.amount_micro AS topup_micro
FROM (
    SELECT split_part(j.source, '/', 2)::uuid AS debt_id,
           split_part(j.source, '/', 4)::bigint AS journal_id,
           (array_agg(e.amount_micro ORDER BY e.journal_id))[1] AS first_micro,
           sum(e.amount_micro)::bigint AS now_micro
    FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
    WHERE e.account_id = $1 AND e.sub_account = 'debt' AND j.kind = $2
      AND starts_with(j.source, $3 || '/') AND split_part(j.source, '/', 3) = $4
    GROUP BY 1, 2
) AS p JOIN entry AS t
    ON t.journal_id = p.journal_id AND t.account_id = $1 AND t.sub_account = 'credit'
ORDER BY p.debt_id
"""
_PUT_PAID = "UPDATE debt SET paid_micro = $2, taken_month = $3, taken_micro = $4 WHERE id = $1"
_TARIFF_CODES = "SELECT id, tariff_code FROM agreement WHERE id = ANY($1::uuid[])"
_SUPPLY_BACK_AT = """
SELECT a.id, back.at FROM unnest($1::uuid[]) AS a (id)
CROSS JOIN LATERAL (SELECT id FROM decision WHERE account_id = a.id AND state = ANY($2::text[])
                    ORDER BY id DESC LIMIT 1) AS off
CROSS JOIN LATERAL (SELECT at FROM decision WHERE account_id = a.id AND id > off.id
                    ORDER BY id LIMIT 1) AS back
"""
_ADD_INSTALMENTS = """
INSERT INTO debt_instalment (debt_id, number, due_on, amount_micro)
SELECT $1, n.number, n.due_on, n.micro
FROM unnest($2::date[], $3::bigint[]) WITH ORDINALITY AS n (due_on, micro, number)
"""


class PostgresDebts:
    """A `DebtStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, debt: Debt) -> bool:
        """Waits for whoever adds one of the same source."""
        added = await (await driver(self._connection)).fetchval(
            _ADD,
            debt.id,
            debt.account_id,
            debt.source,
            *debt.origin,
            debt.cause,
            debt.our_fault,
            debt.used_until,
            debt.currency,
            debt.amount_micro,
            debt.paid_micro,
            debt.created_at,
        )
        return added is not None

    async def lock(self, debt_id: UUID) -> Debt | None:
        """Waits for whoever has it."""
        connection = await driver(self._connection)
        rows = await connection.fetch("SELECT * FROM debt WHERE id = $1 FOR UPDATE", debt_id)
        return next(iter(await to_debts(connection, rows)), None)

    async def lock_of(self, account_id: UUID) -> Sequence[Debt]:
        """In the order of their ids."""
        connection = await driver(self._connection)
        return await to_debts(connection, await connection.fetch(_LOCK_OF, account_id))

    async def lock_origin(self, origin: Origin) -> Sequence[Debt]:
        """In the order of their ids."""
        connection = await driver(self._connection)
        return await to_debts(connection, await connection.fetch(_LOCK_ORIGIN, *origin))

    async def corrected(self, origin: Origin) -> Corrected:
        """Nothing where there is no row."""
        row = await (await driver(self._connection)).fetchrow(_CORRECTED, *origin)
        return Corrected() if row is None else Corrected(**row)

    async def standings(self, agreement_ids: Collection[UUID]) -> Mapping[Origin, Standing]:
        """One statement for all."""
        rows = await (await driver(self._connection)).fetch(_STANDINGS, list(agreement_ids))
        return {
            Origin(row["agreement_id"], row["period_first"]): Standing(
                left_micro=row["left_micro"],
                lowered_micro=row["lowered_micro"],
                corrected=Corrected(
                    given_micro=row["given_micro"], barred_micro=row["barred_micro"]
                ),
            )
            for row in rows
        }

    async def put_corrected(self, origin: Origin, account_id: UUID, now: Corrected) -> None:
        """One row an origin."""
        await (await driver(self._connection)).execute(
            _PUT_CORRECTED, *origin, account_id, now.given_micro, now.barred_micro
        )

    async def due_accounts(
        self, tariff_code: str, today: date, *, after: UUID | None, limit: int
    ) -> Sequence[UUID]:
        """By debts that are open: few of many accounts have any."""
        rows = await (await driver(self._connection)).fetch(_DUE, tariff_code, today, after, limit)
        return [row["account_id"] for row in rows]

    async def collected(self, account_id: UUID) -> Sequence[Collected]:
        """By the requests of the account's mandates."""
        rows = await (await driver(self._connection)).fetch(_COLLECTED, account_id)
        return [Collected(**row) for row in rows]

    async def tariff_codes(self, agreement_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """As they stand."""
        rows = await (await driver(self._connection)).fetch(_TARIFF_CODES, list(agreement_ids))
        return {row["id"]: row["tariff_code"] for row in rows}

    async def supply_back_at(self, account_ids: Collection[UUID]) -> Mapping[UUID, datetime]:
        """By what was decided of their supply: one statement for all."""
        rows = await (await driver(self._connection)).fetch(
            _SUPPLY_BACK_AT, list(account_ids), sorted(OFF)
        )
        return {row["id"]: row["at"] for row in rows}

    async def paid_by_topups_micro(self, account_id: UUID, *, since: datetime) -> int:
        """By the entries: their journals' sources say what paid."""
        return await (await driver(self._connection)).fetchval(
            _PAID_BY_TOPUPS, account_id, DEBT, since, TOPUP
        )

    async def paid_by_topup(self, account_id: UUID, payment: UUID) -> Sequence[PaidByTopup]:
        """By the entries, likewise."""
        connection = await driver(self._connection)
        rows = await connection.fetch(_PAID_BY_TOPUP, account_id, DEBT, TOPUP, str(payment))
        return [PaidByTopup(**row) for row in rows]

    async def put_amount(self, debt: Debt) -> None:
        """The caller has it locked."""
        await (await driver(self._connection)).execute(
            "UPDATE debt SET amount_micro = $2 WHERE id = $1", debt.id, debt.amount_micro
        )

    async def put_lowered(self, debt: Debt) -> None:
        """The caller has it locked."""
        await (await driver(self._connection)).execute(
            "UPDATE debt SET lowered_micro = $2 WHERE id = $1", debt.id, debt.lowered_micro
        )

    async def account_of(self, debt_id: UUID) -> UUID | None:
        """Never changes."""
        return await (await driver(self._connection)).fetchval(
            "SELECT account_id FROM debt WHERE id = $1", debt_id
        )

    async def put_pause(self, debt: Debt) -> None:
        """The caller has it locked."""
        await (await driver(self._connection)).execute(
            "UPDATE debt SET paused_until = $2 WHERE id = $1", debt.id, debt.paused_until
        )

    async def put_written_off(self, debt: Debt) -> None:
        """The caller has it locked."""
        await (await driver(self._connection)).execute(
            "UPDATE debt SET written_off_micro = $2 WHERE id = $1", debt.id, debt.written_off_micro
        )

    async def put_plan(self, debt: Debt) -> None:
        """The caller has it locked."""
        assert debt.planned is not None, "a plan is somebody's"
        connection = await driver(self._connection)
        decided = debt.planned
        await connection.execute(
            _PLAN,
            debt.id,
            decided.by,
            decided.reason,
            decided.at,
            debt.topup_share_ppm,
            debt.instalments,
            debt.first_due,
            debt.plan_paid_micro,
        )
        await connection.execute("DELETE FROM debt_instalment WHERE debt_id = $1", debt.id)
        await connection.execute(
            _ADD_INSTALMENTS,
            debt.id,
            [each.due_on for each in debt.plan],
            [each.amount_micro for each in debt.plan],
        )

    async def put_paid(self, debt: Debt) -> None:
        """The caller has it locked."""
        await (await driver(self._connection)).execute(
            _PUT_PAID, debt.id, debt.paid_micro, debt.taken_month, debt.taken_micro
        )
