"""Mandates and their requests in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.tables import account
from prepay_ledger.debts.postgres_rows import IS_DUE
from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.ports import Known
from prepay_ledger.mandates.postgres_rows import (
    AGREED,
    mandate_values,
    request_values,
    to_mandate,
    to_request,
)
from prepay_ledger.mandates.refusals import OtherRequest
from prepay_ledger.mandates.tables import mandate as mandate_table
from prepay_ledger.mandates.tables import (
    mandate_step,
    top_up_due,
    top_up_request,
    top_up_request_close,
)
from prepay_ledger.mandates.values import (
    CAME_TO_NOTHING,
    COUNTED,
    OPEN,
    Mandate,
    MandateState,
    Month,
    RequestState,
    Step,
    TopUpRequest,
)
from prepay_ledger.relays.postgres import SERVES
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.db.database import driver
from prewatt_common.ids import new_id

# The zone of an account's days is that of all its tariffs. A dispute of a payment counts unless
# the utility won it.
_KNOWN = f"""
SELECT (SELECT t.timezone FROM agreement AS g JOIN tariff_version AS t ON t.code = g.tariff_code
        WHERE g.account_id = $1 ORDER BY g.first_day DESC LIMIT 1) AS zone,
       EXISTS (SELECT FROM installation AS i WHERE i.account_id = $1 AND {SERVES}) AS has_meter,
       EXISTS (SELECT FROM condition AS c WHERE c.account_id = $1
               AND c.kind = '{ConditionKind.DISPUTED_READINGS.value}'
               AND (c.holds_until IS NULL OR c.holds_until > $2)
               AND NOT EXISTS (SELECT FROM condition_end WHERE condition_id = c.id))
       OR EXISTS (SELECT FROM payment AS p JOIN payment_movement AS m
                  ON m.provider = p.provider AND m.payment_id = p.payment_id
                  WHERE p.account_id = $1 AND m.kind IN ('disputed', 'dispute-lost') AND m.at >= $3
                  AND NOT EXISTS (SELECT FROM payment_movement AS won
                                  WHERE won.provider = m.provider AND won.payment_id = m.payment_id
                                  AND won.movement_id = m.movement_id
                                  AND won.kind = 'dispute-won')) AS is_disputed,
       EXISTS (SELECT FROM top_up_request WHERE account_id = $1 AND debt_id IS NULL
               AND statement_id IS NULL AND state = ANY($4::text[])) AS has_open
"""  # noqa: S608 - of constants


_WITH_INSTALMENTS = f"""
SELECT m.account_id FROM mandate AS m
WHERE m.provider = $1 AND m.state = 'active' AND m.instalment_micro_max IS NOT NULL
  AND ($3::uuid IS NULL OR m.account_id > $3)
  AND EXISTS (SELECT FROM debt AS d WHERE d.account_id = m.account_id AND {IS_DUE}
              AND NOT EXISTS (SELECT FROM top_up_request AS r
                              WHERE r.debt_id = d.id AND r.state = ANY($5::text[])))
ORDER BY m.account_id LIMIT $4
"""  # noqa: S608 - of constants


class PostgresMandates:
    """A `MandateStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """By two indexes, each of what is due alone."""
        fallen = select(top_up_due.c.account_id).limit(limit)
        by_clock = (
            select(mandate_table.c.account_id).where(mandate_table.c.look_at <= now).limit(limit)
        )
        found = [*(await self._connection.scalars(fallen))]
        found += [*(await self._connection.scalars(by_clock))]
        return sorted(set(found))[:limit]

    async def look(self, account_id: UUID) -> None:
        """Once is enough."""
        await self._connection.execute(
            upsert(top_up_due).values(account_id=account_id).on_conflict_do_nothing()
        )

    async def looked(self, account_id: UUID) -> None:
        """Whoever moves the balance waits for our commit, and finds it gone."""
        await self._connection.execute(
            delete(top_up_due).where(top_up_due.c.account_id == account_id)
        )

    async def arm(self, account_id: UUID, threshold_micro: int | None) -> None:
        """In the account's row, where whatever moves the balance sees it."""
        await self._connection.execute(
            update(account)
            .where(account.c.id == account_id)
            .where(account.c.top_up_at_micro.is_distinct_from(threshold_micro))
            .values(top_up_at_micro=threshold_micro)
        )

    async def live(self, account_id: UUID) -> Mandate | None:
        """By the index that lets there be one."""
        return await self._mandate(
            (mandate_table.c.account_id == account_id)
            & (mandate_table.c.state != MandateState.ENDED)
        )

    async def mandate(self, mandate_id: UUID) -> Mandate | None:
        """None where there is none."""
        return await self._mandate(mandate_table.c.id == mandate_id)

    async def _mandate(self, condition: ColumnElement[bool]) -> Mandate | None:
        query = select(mandate_table).where(condition)
        row = (await self._connection.execute(query)).mappings().first()
        return to_mandate(row) if row else None

    async def asked_as(self, key: str, *, who: str) -> Mandate | None:
        """The mandate, with what the step says was agreed."""
        agreed = [mandate_step.c[name] for name in AGREED]
        rest = [each for each in mandate_table.c if each.name not in AGREED]
        query = (
            select(*rest, *agreed)
            .join_from(mandate_step, mandate_table, mandate_table.c.id == mandate_step.c.mandate_id)
            .where(mandate_step.c.who == who, mandate_step.c.key == key)
        )
        row = (await self._connection.execute(query)).mappings().first()
        return to_mandate(row) if row else None

    async def agreed_by(self, mandate_id: UUID, consent_reference: str) -> bool:
        """By its steps."""
        query = select(mandate_step.c.id).where(
            mandate_step.c.mandate_id == mandate_id,
            mandate_step.c.consent_reference == consent_reference,
        )
        return (await self._connection.execute(query.limit(1))).first() is not None

    async def add(self, mandate: Mandate) -> None:
        """Insert it."""
        await self._connection.execute(insert(mandate_table).values(mandate_values(mandate)))

    async def put(self, mandate: Mandate) -> None:
        """As it stands now."""
        await self._connection.execute(
            update(mandate_table)
            .where(mandate_table.c.id == mandate.id)
            .values(mandate_values(mandate))
        )

    async def add_step(self, mandate: Mandate, step: Step) -> None:
        """With what is agreed by now."""
        values = mandate_values(mandate)
        try:
            await self._connection.execute(
                insert(mandate_step).values(
                    id=new_id(),
                    mandate_id=mandate.id,
                    **{name: values[name] for name in AGREED},
                    **asdict(step),
                )
            )
        except IntegrityError as error:
            message = (
                f"the Idempotency-Key {step.key} came at the same time with something else, which "
                "stands; nothing was changed"
            )
            raise OtherRequest(message) from error

    async def gone(self, provider: str, reference: str) -> Sequence[Mandate]:
        """By the index of references; by a part of one without it, which is rare."""
        named = or_(
            mandate_table.c.reference == reference,
            func.split_part(mandate_table.c.reference, "/", 2) == reference,
        )
        rows = await self._connection.execute(
            select(mandate_table)
            .where(mandate_table.c.provider == provider, named)
            .where(mandate_table.c.state == MandateState.ACTIVE)
            .order_by(mandate_table.c.account_id)
        )
        return [to_mandate(row) for row in rows.mappings()]

    async def known(self, account_id: UUID, *, consent_at: datetime, now: datetime) -> Known:
        """One statement."""
        row = await (await driver(self._connection)).fetchrow(
            _KNOWN, account_id, now, consent_at, sorted(OPEN)
        )
        assert row is not None, "a row of subqueries is always there"
        return Known(*row)

    async def month(self, account_id: UUID, first: date, end: date) -> Month:
        """Of all mandates of the account: one that is ended and opened again begins no month."""
        counted = top_up_request.c.state.in_(sorted(COUNTED))
        nothing = top_up_request.c.state.in_(sorted(CAME_TO_NOTHING))
        query = select(
            func.coalesce(func.sum(top_up_request.c.amount_micro).filter(counted), 0),
            func.count().filter(counted),
            func.count().filter(nothing),
        ).where(
            top_up_request.c.account_id == account_id,
            top_up_request.c.requested_on >= first,
            top_up_request.c.requested_on < end,
        )
        micro, requests, came_to_nothing = (await self._connection.execute(query)).one()
        return Month(counted_micro=int(micro), counted=requests, nothing=came_to_nothing)

    async def request(self, request_id: UUID) -> TopUpRequest | None:
        """None where there is none."""
        return await self._request(top_up_request.c.id == request_id)

    async def statement_number(self, statement_id: UUID) -> int:
        """By its key."""
        query = "SELECT number FROM statement WHERE id = $1"
        return await (await driver(self._connection)).fetchval(query, statement_id)

    async def paid_by(self, provider: str, payment_id: str) -> TopUpRequest | None:
        """By the index of payments."""
        return await self._request(
            (top_up_request.c.provider == provider) & (top_up_request.c.payment_id == payment_id)
        )

    async def unsent(self, account_id: UUID) -> Sequence[TopUpRequest]:
        """By the account's index."""
        query = select(top_up_request).where(
            top_up_request.c.account_id == account_id,
            top_up_request.c.state == RequestState.REQUESTED,
        )
        return [to_request(row) for row in (await self._connection.execute(query)).mappings()]

    async def with_instalments(
        self, provider: str, until: date, *, after: UUID | None, limit: int
    ) -> Sequence[UUID]:
        """By the index of such mandates."""
        rows = await (await driver(self._connection)).fetch(
            _WITH_INSTALMENTS, provider, until, after, limit, sorted(OPEN)
        )
        return [row["account_id"] for row in rows]

    async def _request(self, condition: ColumnElement[bool]) -> TopUpRequest | None:
        query = select(top_up_request).where(condition).limit(1)
        row = (await self._connection.execute(query)).mappings().first()
        return to_request(row) if row else None

    async def add_request(self, request: TopUpRequest) -> None:
        """Insert it."""
        await self._connection.execute(insert(top_up_request).values(request_values(request)))

    async def put_request(self, request: TopUpRequest) -> None:
        """What of it may change."""
        values = request_values(request)
        names = ("state", "code", "payment_id", "sends", "send_at", "answer_by", "closed_at")
        await self._connection.execute(
            update(top_up_request)
            .where(top_up_request.c.id == request.id)
            .values({name: values[name] for name in names})
        )

    async def to_send(self, provider: str, *, now: datetime, limit: int) -> Sequence[UUID]:
        """The oldest first."""
        query = select(top_up_request.c.id).where(
            top_up_request.c.send_at <= now, top_up_request.c.provider == provider
        )
        query = query.order_by(top_up_request.c.send_at).limit(limit)
        return list(await self._connection.scalars(query))

    async def overdue(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """By the index of those that are waited for."""
        query = select(top_up_request.c.id).where(top_up_request.c.answer_by <= now)
        return list(await self._connection.scalars(query.limit(limit)))

    async def add_close(self, request_id: UUID, decided: Decided) -> None:
        """Once: the request is not unanswered afterwards."""
        await self._connection.execute(
            insert(top_up_request_close).values(
                request_id=request_id, who=decided.by, reason=decided.reason, at=decided.at
            )
        )
