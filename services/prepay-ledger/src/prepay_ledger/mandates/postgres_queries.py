"""What people ask about mandates and their requests: read-only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, func, select

from prepay_ledger.mandates.postgres_rows import to_mandate, to_request
from prepay_ledger.mandates.tables import mandate, mandate_step, top_up_request
from prepay_ledger.mandates.values import (
    OPEN,
    TO_SEND,
    Mandate,
    MandateState,
    RequestState,
    StepAction,
    TopUpRequest,
)
from prewatt_common.db.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """What was done with a mandate, and what was agreed by then."""

    id: UUID
    mandate_id: UUID
    action: StepAction
    reference: str
    threshold_micro: int
    amount_micro: int
    month_micro_max: int
    month_requests_max: int
    instalment_micro_max: int | None
    statement_micro_max: int | None
    consent_by: str
    consent_reference: str
    who: str
    reason: str
    at: datetime


_STEP = [mandate_step.c[name] for name in StepView.__dataclass_fields__]


class MandateQueries:
    """Each question one read-only transaction. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mandates(
        self,
        *,
        account_id: UUID | None,
        state: MandateState | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Mandate]:
        """Older than ``before``."""
        query = select(mandate).order_by(mandate.c.id.desc()).limit(limit)
        if account_id is not None:
            query = query.where(mandate.c.account_id == account_id)
        if state is not None:
            query = query.where(mandate.c.state == state)
        if before is not None:
            query = query.where(mandate.c.id < before)
        async with self._database.transaction() as connection:
            return [to_mandate(row) for row in (await connection.execute(query)).mappings()]

    async def mandate(self, mandate_id: UUID) -> Mandate | None:
        """One of them."""
        query = select(mandate).where(mandate.c.id == mandate_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_mandate(row) if row else None

    async def steps(
        self, mandate_id: UUID, *, before: UUID | None, limit: int
    ) -> Sequence[StepView]:
        """Older than ``before``."""
        query = select(*_STEP).where(mandate_step.c.mandate_id == mandate_id)
        query = query.order_by(mandate_step.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(mandate_step.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings()
            return [_to_step(row) for row in rows]

    async def requests(
        self,
        *,
        account_id: UUID | None,
        state: RequestState | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[TopUpRequest]:
        """Older than ``before``."""
        query = select(top_up_request).order_by(top_up_request.c.id.desc()).limit(limit)
        if account_id is not None:
            query = query.where(top_up_request.c.account_id == account_id)
        if state is not None:
            query = query.where(top_up_request.c.state == state)
        if before is not None:
            query = query.where(top_up_request.c.id < before)
        async with self._database.transaction() as connection:
            return [to_request(row) for row in (await connection.execute(query)).mappings()]

    async def request(self, request_id: UUID) -> TopUpRequest | None:
        """One of them."""
        query = select(top_up_request).where(top_up_request.c.id == request_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_request(row) if row else None

    async def oldest_open(
        self, *, by_file: Collection[str] = ()
    ) -> Mapping[RequestState, datetime]:
        """When the oldest of each state that is open was made. Those that wait to be sent to a
        provider ``by_file`` do not count: a person has its files made."""
        waits_for_file = top_up_request.c.provider.in_(by_file) & top_up_request.c.state.in_(
            sorted(TO_SEND)
        )
        query = (
            select(top_up_request.c.state, func.min(top_up_request.c.requested_at))
            .where(top_up_request.c.state.in_(sorted(OPEN)), ~waits_for_file)
            .group_by(top_up_request.c.state)
        )
        async with self._database.transaction() as connection:
            return {RequestState(row[0]): row[1] for row in await connection.execute(query)}

    async def by_state(self) -> Mapping[MandateState, int]:
        """How many mandates there are."""
        query = select(mandate.c.state, func.count()).group_by(mandate.c.state)
        async with self._database.transaction() as connection:
            return {MandateState(row[0]): row[1] for row in await connection.execute(query)}


def _to_step(row: RowMapping) -> StepView:
    names = [name for name in StepView.__dataclass_fields__ if name != "action"]
    return StepView(**{name: row[name] for name in names}, action=StepAction(row["action"]))
