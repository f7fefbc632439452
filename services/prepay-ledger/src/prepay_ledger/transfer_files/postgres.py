"""Files of transfers in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.tables import account
from prepay_ledger.debit_files.values import Body, ResultFile
from prepay_ledger.refunds.postgres_rows import to_payee
from prepay_ledger.refunds.tables import refund, refund_payee
from prepay_ledger.refunds.values import RefundState, Way
from prepay_ledger.transfer_files.ports import ToPay
from prepay_ledger.transfer_files.postgres_rows import (
    RESULT_COLUMNS,
    item_values,
    to_answer,
    to_file,
    to_item,
    to_result,
)
from prepay_ledger.transfer_files.tables import (
    transfer_answer,
    transfer_body,
    transfer_file,
    transfer_item,
    transfer_result,
    transfer_step,
)
from prepay_ledger.transfer_files.values import (
    Answer,
    AnswerState,
    Step,
    TransferFileRow,
    TransferItem,
)
from prewatt_common.db.database import insert_rows
from prewatt_common.ids import new_id


class PostgresTransfers:
    """A `TransferStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def to_pay(
        self, currency: str, *, without: Collection[UUID], limit: int
    ) -> Sequence[ToPay]:
        """By the index of those in transit."""
        query = (
            select(
                refund.c.id,
                refund.c.account_id,
                account.c.number,
                refund_payee,
                refund.c.amount_micro,
            )
            .join(account, account.c.id == refund.c.account_id)
            .join(refund_payee, refund_payee.c.id == refund.c.payee_id)
            .where(
                refund.c.state == RefundState.IN_TRANSIT.value,
                refund.c.way == Way.BANK.value,
                refund.c.currency == currency,
                refund.c.id.not_in(without),
                ~_in_a_file(),
                ~_is_answered(),
            )
            .order_by(refund.c.account_id, refund.c.id)
            .limit(limit)
        )
        return [
            ToPay(
                refund_id=row[refund.c.id],
                account_id=row[refund.c.account_id],
                account_number=row[account.c.number],
                payee=to_payee(row),
                amount_micro=row[refund.c.amount_micro],
            )
            for row in await self._rows(query)
        ]

    async def still_to_pay(self, refund_ids: Sequence[UUID]) -> Collection[UUID]:
        """By one statement, after the accounts' locks were waited for."""
        query = select(refund.c.id).where(
            refund.c.id.in_(refund_ids),
            refund.c.state == RefundState.IN_TRANSIT.value,
            ~_in_a_file(),
            ~_is_answered(),
        )
        return set(await self._connection.scalars(query))

    async def file_of_key(self, key: str) -> TransferFileRow | None:
        """By its unique index."""
        return await self._file(select(transfer_file).where(transfer_file.c.key == key))

    async def add_file(self, file: TransferFileRow) -> bool:
        """By the unique index of keys: waits for whoever adds another under it."""
        added = await self._connection.execute(
            upsert(transfer_file)
            .values(asdict(file))
            .on_conflict_do_nothing()
            .returning(transfer_file.c.id)
        )
        return added.first() is not None

    async def add_items(self, items: Sequence[TransferItem]) -> None:
        """By COPY, as the accounts are held meanwhile."""
        values = [item_values(each) for each in items]
        await insert_rows(
            self._connection,
            "transfer_item",
            columns=list(values[0]),
            rows=[list(each.values()) for each in values],
        )

    async def add_body(self, body: Body) -> None:
        """Once: it is the file's key."""
        await self._connection.execute(insert(transfer_body).values(asdict(body)))

    async def add_step(self, file_id: UUID, step: Step) -> None:
        """The caller has the file locked, or has just made it."""
        await self._connection.execute(
            insert(transfer_step).values(id=new_id(), file_id=file_id, **asdict(step))
        )

    async def file(self, file_id: UUID) -> TransferFileRow | None:
        """One of them."""
        return await self._file(select(transfer_file).where(transfer_file.c.id == file_id))

    async def lock_file(self, file_id: UUID) -> TransferFileRow | None:
        """Its row."""
        query = select(transfer_file).where(transfer_file.c.id == file_id)
        return await self._file(query.with_for_update())

    async def put_file(self, file: TransferFileRow) -> None:
        """All else stays."""
        await self._connection.execute(
            update(transfer_file).where(transfer_file.c.id == file.id).values(state=file.state)
        )

    async def items(self, file_id: UUID) -> Sequence[TransferItem]:
        """By the key."""
        query = select(transfer_item).where(transfer_item.c.file_id == file_id)
        return [to_item(row) for row in await self._rows(query.order_by(transfer_item.c.number))]

    async def has_open_answer(self, file_id: UUID) -> bool:
        """By the index of refunds."""
        of_file = select(transfer_item.c.refund_id).where(transfer_item.c.file_id == file_id)
        query = select(
            exists().where(transfer_answer.c.open, transfer_answer.c.refund_id.in_(of_file))
        )
        return bool(await self._connection.scalar(query))

    async def items_of(self, bank: str, refund_id: UUID) -> Sequence[TransferItem]:
        """By the index of refunds."""
        query = (
            select(transfer_item)
            .join(transfer_file, transfer_file.c.id == transfer_item.c.file_id)
            .where(transfer_item.c.refund_id == refund_id, transfer_file.c.bank == bank)
            .order_by(transfer_file.c.id.desc())
        )
        return [to_item(row) for row in await self._rows(query)]

    async def put_item(self, item: TransferItem) -> None:
        """All else stays."""
        await self._connection.execute(
            update(transfer_item)
            .where(transfer_item.c.file_id == item.file_id, transfer_item.c.number == item.number)
            .values(live=item.live, state=item.state, code=item.code)
        )

    async def result_of_key(self, key: str) -> ResultFile | None:
        """The one that came under it first."""
        return await self._result(transfer_result.c.key == key)

    async def result_of_hash(self, bank: str, sha256: bytes) -> ResultFile | None:
        """The one of these bytes."""
        return await self._result(
            (transfer_result.c.provider == bank) & (transfer_result.c.sha256 == sha256)
        )

    async def add_result(self, result: ResultFile, body: bytes) -> bool:
        """By both unique indexes."""
        added = await self._connection.execute(
            upsert(transfer_result)
            .values(body=body, **asdict(result))
            .on_conflict_do_nothing()
            .returning(transfer_result.c.id)
        )
        return added.first() is not None

    async def add_answer(self, answer: Answer) -> None:
        """Insert it."""
        await self._connection.execute(insert(transfer_answer).values(asdict(answer)))

    async def lock_answer(self, answer_id: UUID) -> Answer | None:
        """Its row."""
        query = select(transfer_answer).where(transfer_answer.c.id == answer_id)
        rows = await self._rows(query.with_for_update())
        return to_answer(rows[0]) if rows else None

    async def put_answer_state(self, answer_id: UUID, state: AnswerState) -> None:
        """All else stays."""
        await self._connection.execute(
            update(transfer_answer).where(transfer_answer.c.id == answer_id).values(state=state)
        )

    async def close_answer(self, answer_id: UUID, *, who: str, reason: str) -> bool:
        """Of two at once one is first."""
        closed = await self._connection.execute(
            update(transfer_answer)
            .where(transfer_answer.c.id == answer_id, transfer_answer.c.open)
            .values(open=False, closed_by=who, closed_reason=reason)
            .returning(transfer_answer.c.id)
        )
        return closed.first() is not None

    async def _file(self, query: Any) -> TransferFileRow | None:
        rows = await self._rows(query)
        return to_file(rows[0]) if rows else None

    async def _result(self, condition: ColumnElement[bool]) -> ResultFile | None:
        rows = await self._rows(select(*RESULT_COLUMNS).where(condition))
        return to_result(rows[0]) if rows else None

    async def _rows(self, query: Any) -> Sequence[Any]:
        return (await self._connection.execute(query)).mappings().all()


def _in_a_file() -> Exists:
    return exists().where(transfer_item.c.refund_id == refund.c.id, transfer_item.c.live)


def _is_answered() -> Exists:
    """By an answer that waits for a person."""
    return exists().where(transfer_answer.c.refund_id == refund.c.id, transfer_answer.c.open)
