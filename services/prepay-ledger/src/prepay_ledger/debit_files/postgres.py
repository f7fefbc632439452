"""Batch debits in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.debit_files.postgres_rows import (
    RESULT_COLUMNS,
    debtor_values,
    item_values,
    to_answer,
    to_debtor,
    to_file,
    to_item,
    to_result,
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
    Body,
    DebitFileRow,
    DebitItem,
    FileState,
    KnownDebtor,
    ResultFile,
    Step,
)
from prepay_ledger.mandates.tables import top_up_request
from prepay_ledger.mandates.values import RequestState
from prewatt_common.ids import new_id

_ROWS_AT_ONCE = 1_000


class PostgresDebits:
    """A `DebitStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put_debtor(self, known: KnownDebtor) -> None:
        """In place of what was known."""
        values = debtor_values(known)
        await self._connection.execute(
            upsert(debtor)
            .values(values)
            .on_conflict_do_update(index_elements=["mandate_id"], set_=values)
        )

    async def debtors(self, mandate_ids: Sequence[UUID]) -> Mapping[UUID, KnownDebtor]:
        """By their mandates."""
        rows = await self._rows(select(debtor).where(debtor.c.mandate_id.in_(mandate_ids)))
        return {row["mandate_id"]: to_debtor(row) for row in rows}

    async def file_of_key(self, key: str) -> DebitFileRow | None:
        """By its unique index."""
        return await self._file(select(debit_file).where(debit_file.c.key == key))

    async def add_file(self, file: DebitFileRow) -> bool:
        """By both unique indexes."""
        added = await self._connection.execute(
            upsert(debit_file)
            .values(asdict(file))
            .on_conflict_do_nothing()
            .returning(debit_file.c.id)
        )
        return added.first() is not None

    async def file(self, file_id: UUID) -> DebitFileRow | None:
        """One of them."""
        return await self._file(select(debit_file).where(debit_file.c.id == file_id))

    async def lock_file(self, file_id: UUID) -> DebitFileRow | None:
        """Its row."""
        query = select(debit_file).where(debit_file.c.id == file_id)
        return await self._file(query.with_for_update())

    async def change_file(self, file: DebitFileRow) -> None:
        """How far it is."""
        await self._connection.execute(
            update(debit_file)
            .where(debit_file.c.id == file.id)
            .values(
                state=file.state,
                lines=file.lines,
                sum_micro=file.sum_micro,
                bank_line=file.bank_line,
                by_lines=file.by_lines,
            )
        )

    async def collecting(self) -> Sequence[UUID]:
        """By the index of those."""
        query = select(debit_file.c.id).where(debit_file.c.state == FileState.COLLECTING.value)
        return (await self._connection.execute(query)).scalars().all()

    async def to_gather(self, file: DebitFileRow, *, limit: int) -> Sequence[UUID]:
        """In the order of accounts, in which they are locked."""
        request = top_up_request.c
        query = (
            select(request.id)
            .where(
                request.state == RequestState.REQUESTED.value,
                request.provider == file.provider,
                request.currency == file.currency,
                request.requested_at <= file.cut_off,
                or_(
                    and_(request.debt_id.is_(None), request.statement_id.is_(None)),
                    request.requested_on <= file.collect_on,
                ),
                exists().where(debtor.c.mandate_id == request.mandate_id),
            )
            .order_by(request.account_id)
            .limit(limit)
        )
        return (await self._connection.execute(query)).scalars().all()

    async def add_item(self, item: DebitItem) -> None:
        """Insert it."""
        await self._connection.execute(insert(debit_item).values(item_values(item)))

    async def items(self, file_id: UUID) -> Sequence[DebitItem]:
        """By the unique index."""
        query = select(debit_item).where(debit_item.c.file_id == file_id)
        return [to_item(row) for row in await self._rows(query.order_by(debit_item.c.number))]

    async def item(self, request_id: UUID) -> DebitItem | None:
        """One of them."""
        rows = await self._rows(select(debit_item).where(debit_item.c.request_id == request_id))
        return to_item(rows[0]) if rows else None

    async def change_item(self, item: DebitItem) -> None:
        """All else stays."""
        await self._connection.execute(
            update(debit_item)
            .where(debit_item.c.request_id == item.request_id)
            .values(collected_by=item.collected_by, returned_by=item.returned_by)
        )

    async def add_body(self, body: Body) -> None:
        """Once: it is the file's key."""
        await self._connection.execute(insert(debit_body).values(asdict(body)))

    async def add_step(self, file_id: UUID, step: Step) -> bool:
        """By the unique index."""
        added = await self._connection.execute(
            upsert(debit_step)
            .values(id=new_id(), file_id=file_id, **asdict(step))
            .on_conflict_do_nothing(index_elements=["file_id", "action"])
            .returning(debit_step.c.id)
        )
        return added.first() is not None

    async def to_follow(self, *, limit: int) -> Sequence[UUID]:
        """Those that are `sending` still."""
        query = (
            select(top_up_request.c.id)
            .join(debit_item, debit_item.c.request_id == top_up_request.c.id)
            .join(debit_file, debit_file.c.id == debit_item.c.file_id)
            .where(
                top_up_request.c.state == RequestState.SENDING.value,
                debit_file.c.state.in_([FileState.SENT.value, FileState.CANCELLED.value]),
            )
            .order_by(top_up_request.c.account_id)
            .limit(limit)
        )
        return (await self._connection.execute(query)).scalars().all()

    async def result_of_key(self, key: str) -> ResultFile | None:
        """The one that came under it first."""
        return await self._result(debit_result.c.key == key)

    async def result_of_hash(self, provider: str, sha256: bytes) -> ResultFile | None:
        """The one of these bytes."""
        return await self._result(
            (debit_result.c.provider == provider) & (debit_result.c.sha256 == sha256)
        )

    async def add_result(self, result: ResultFile, body: bytes) -> bool:
        """By both unique indexes."""
        added = await self._connection.execute(
            upsert(debit_result)
            .values(body=body, **asdict(result))
            .on_conflict_do_nothing()
            .returning(debit_result.c.id)
        )
        return added.first() is not None

    async def add_answers(self, answers: Sequence[Answer]) -> None:
        """Insert them."""
        for at in range(0, len(answers), _ROWS_AT_ONCE):
            rows = [asdict(each) for each in answers[at : at + _ROWS_AT_ONCE]]
            await self._connection.execute(insert(debit_answer), rows)

    async def waiting(self, *, limit: int) -> Sequence[UUID]:
        """By the index of those."""
        query = select(debit_answer.c.id).where(debit_answer.c.state == AnswerState.WAITING.value)
        rows = await self._connection.execute(query.order_by(debit_answer.c.id).limit(limit))
        return rows.scalars().all()

    async def lock_answer(self, answer_id: UUID) -> Answer | None:
        """Its row."""
        query = select(debit_answer).where(debit_answer.c.id == answer_id)
        rows = await self._rows(query.with_for_update())
        return to_answer(rows[0]) if rows else None

    async def change_answer(self, answer: Answer) -> None:
        """What became of it."""
        await self._connection.execute(
            update(debit_answer)
            .where(debit_answer.c.id == answer.id)
            .values(
                state=answer.state,
                reason=answer.reason,
                open=answer.open,
                request=answer.request,
            )
        )

    async def close_answer(self, answer_id: UUID, *, who: str, reason: str) -> bool:
        """Of two at once one is first."""
        closed = await self._connection.execute(
            update(debit_answer)
            .where(debit_answer.c.id == answer_id, debit_answer.c.open)
            .values(open=False, closed_by=who, closed_reason=reason)
            .returning(debit_answer.c.id)
        )
        return closed.first() is not None

    async def files_by_line(
        self, providers: Sequence[str], *, names: Sequence[str], sum_micro: int
    ) -> Sequence[DebitFileRow]:
        """By the index of states: few are sent and not seen at the bank."""
        sent = select(debit_file).where(
            debit_file.c.provider.in_(providers),
            debit_file.c.state == FileState.SENT.value,
            debit_file.c.bank_line.is_(None),
        )
        files = [to_file(row) for row in await self._rows(sent.order_by(debit_file.c.id))]
        named = [each for each in files if each.name in names]
        return named or [
            each for each in files if each.sum_micro == sum_micro and not each.by_lines
        ]

    async def _file(self, query: Any) -> DebitFileRow | None:
        rows = await self._rows(query)
        return to_file(rows[0]) if rows else None

    async def _result(self, condition: ColumnElement[bool]) -> ResultFile | None:
        rows = await self._rows(select(*RESULT_COLUMNS).where(condition))
        return to_result(rows[0]) if rows else None

    async def _rows(self, query: Any) -> Sequence[Any]:
        return (await self._connection.execute(query)).mappings().all()
