"""What people ask about batch debits: read-only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, cast, func, select

from prepay_ledger.debit_files.postgres_rows import (
    RESULT_COLUMNS,
    to_answer,
    to_debtor,
    to_file,
    to_item,
    to_result,
    to_step,
)
from prepay_ledger.debit_files.tables import (
    debit_answer,
    debit_body,
    debit_file,
    debit_item,
    debit_result,
    debit_step,
    debtor,
)
from prepay_ledger.debit_files.values import (
    Answer,
    AnswerState,
    DebitFileRow,
    DebitItem,
    FileView,
    KnownDebtor,
    ResultFile,
)
from prepay_ledger.mandates.tables import top_up_request
from prepay_ledger.mandates.values import RequestState
from prewatt_common.db.database import Database


class DebitQueries:
    """Each question one read-only transaction. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def debtor(self, mandate_id: UUID) -> KnownDebtor | None:
        """Of that mandate."""
        query = select(debtor).where(debtor.c.mandate_id == mandate_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_debtor(row) if row else None

    async def files(
        self, *, provider: str | None, before: UUID | None, limit: int
    ) -> Sequence[DebitFileRow]:
        """Older than ``before``."""
        query = select(debit_file).order_by(debit_file.c.id.desc()).limit(limit)
        if provider is not None:
            query = query.where(debit_file.c.provider == provider)
        if before is not None:
            query = query.where(debit_file.c.id < before)
        async with self._database.transaction() as connection:
            return [to_file(row) for row in (await connection.execute(query)).mappings()]

    async def file(self, file_id: UUID) -> FileView | None:
        """One of them."""
        states = (
            select(top_up_request.c.state, func.count())
            .join(debit_item, debit_item.c.request_id == top_up_request.c.id)
            .where(debit_item.c.file_id == file_id)
            .group_by(top_up_request.c.state)
        )
        sha256 = select(debit_body.c.sha256).where(debit_body.c.file_id == file_id)
        steps = select(debit_step).where(debit_step.c.file_id == file_id)
        async with self._database.transaction() as connection:
            query = select(debit_file).where(debit_file.c.id == file_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            rows = (await connection.execute(steps.order_by(debit_step.c.id))).mappings()
            return FileView(
                file=to_file(row),
                sha256=(await connection.execute(sha256)).scalar(),
                states={row[0]: row[1] for row in await connection.execute(states)},
                steps=[to_step(each) for each in rows],
            )

    async def body(self, file_id: UUID) -> bytes | None:
        """None where it is not made."""
        query = select(debit_body.c.body).where(debit_body.c.file_id == file_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()

    async def items(
        self, file_id: UUID, *, after: int | None, limit: int
    ) -> Sequence[tuple[DebitItem, RequestState, str]]:
        """By number: each, how far its request is, and why."""
        query = (
            select(debit_item, top_up_request.c.state, top_up_request.c.code)
            .join(top_up_request, top_up_request.c.id == debit_item.c.request_id)
            .where(debit_item.c.file_id == file_id, debit_item.c.number > (after or 0))
            .order_by(debit_item.c.number)
            .limit(limit)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings()
            return [(to_item(row), RequestState(row["state"]), row["code"]) for row in rows]

    async def results(
        self, *, provider: str | None, before: UUID | None, limit: int
    ) -> Sequence[ResultFile]:
        """Older than ``before``."""
        query = select(*RESULT_COLUMNS).order_by(debit_result.c.id.desc()).limit(limit)
        if provider is not None:
            query = query.where(debit_result.c.provider == provider)
        if before is not None:
            query = query.where(debit_result.c.id < before)
        async with self._database.transaction() as connection:
            return [to_result(row) for row in (await connection.execute(query)).mappings()]

    async def answers(
        self,
        *,
        result_id: UUID | None,
        state: AnswerState | None,
        open_: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Answer]:
        """Older than ``before``."""
        query = select(debit_answer).order_by(debit_answer.c.id.desc()).limit(limit)
        if result_id is not None:
            query = query.where(debit_answer.c.result_id == result_id)
        if state is not None:
            query = query.where(debit_answer.c.state == state.value)
        if open_ is not None:
            query = query.where(debit_answer.c.open if open_ else ~debit_answer.c.open)
        if before is not None:
            query = query.where(debit_answer.c.id < before)
        async with self._database.transaction() as connection:
            return [to_answer(row) for row in (await connection.execute(query)).mappings()]

    async def waiting_since(self, providers: Sequence[str]) -> Mapping[str, datetime]:
        """Since when the oldest request waits for a file, and the oldest answer for a person; what
        nothing waits for is left out."""
        # An instalment is asked for some days before it can be collected.
        since = func.greatest(
            top_up_request.c.requested_at,
            cast(top_up_request.c.requested_on, DateTime(timezone=True)),
        )
        request = select(func.min(since)).where(
            top_up_request.c.state.in_([RequestState.REQUESTED.value, RequestState.SENDING.value]),
            top_up_request.c.provider.in_(providers),
        )
        answer = (
            select(func.min(debit_result.c.at))
            .join(debit_answer, debit_answer.c.result_id == debit_result.c.id)
            .where(debit_answer.c.open)
        )
        found: dict[str, datetime] = {}
        async with self._database.transaction() as connection:
            for waits_for, query in (("bank", request), ("person", answer)):
                since = (await connection.execute(query)).scalar()
                if since is not None:
                    found[waits_for] = since
        return found
