"""What people ask about files of transfers: read-only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from prepay_ledger.debit_files.values import ResultFile
from prepay_ledger.transfer_files.postgres_rows import (
    RESULT_COLUMNS,
    to_answer,
    to_file,
    to_item,
    to_result,
    to_step,
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
    FileView,
    ItemState,
    TransferFileRow,
    TransferItem,
)
from prewatt_common.db.database import Database


class TransferQueries:
    """Each question one read-only transaction. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def files(
        self, *, bank: str | None, before: UUID | None, limit: int
    ) -> Sequence[TransferFileRow]:
        """Older than ``before``."""
        query = select(transfer_file).order_by(transfer_file.c.id.desc()).limit(limit)
        if bank is not None:
            query = query.where(transfer_file.c.bank == bank)
        if before is not None:
            query = query.where(transfer_file.c.id < before)
        async with self._database.transaction() as connection:
            return [to_file(row) for row in (await connection.execute(query)).mappings()]

    async def file(self, file_id: UUID) -> FileView | None:
        """One of them."""
        states = (
            select(transfer_item.c.state, func.count())
            .where(transfer_item.c.file_id == file_id)
            .group_by(transfer_item.c.state)
        )
        sha256 = select(transfer_body.c.sha256).where(transfer_body.c.file_id == file_id)
        steps = select(transfer_step).where(transfer_step.c.file_id == file_id)
        async with self._database.transaction() as connection:
            query = select(transfer_file).where(transfer_file.c.id == file_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            rows = (await connection.execute(steps.order_by(transfer_step.c.id))).mappings()
            return FileView(
                file=to_file(row),
                sha256=(await connection.execute(sha256)).scalar_one_or_none() or b"",
                states={ItemState(each[0]): each[1] for each in await connection.execute(states)},
                steps=[to_step(each) for each in rows],
            )

    async def body(self, file_id: UUID) -> bytes | None:
        """None where there is no such file."""
        query = select(transfer_body.c.body).where(transfer_body.c.file_id == file_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()

    async def items(
        self, file_id: UUID, *, after: int | None, limit: int
    ) -> Sequence[TransferItem]:
        """By number."""
        query = (
            select(transfer_item)
            .where(transfer_item.c.file_id == file_id, transfer_item.c.number > (after or 0))
            .order_by(transfer_item.c.number)
            .limit(limit)
        )
        async with self._database.transaction() as connection:
            return [to_item(row) for row in (await connection.execute(query)).mappings()]

    async def results(
        self, *, bank: str | None, before: UUID | None, limit: int
    ) -> Sequence[ResultFile]:
        """Older than ``before``."""
        query = select(*RESULT_COLUMNS).order_by(transfer_result.c.id.desc()).limit(limit)
        if bank is not None:
            query = query.where(transfer_result.c.provider == bank)
        if before is not None:
            query = query.where(transfer_result.c.id < before)
        async with self._database.transaction() as connection:
            return [to_result(row) for row in (await connection.execute(query)).mappings()]

    async def answers(
        self, *, result_id: UUID | None, open_: bool | None, before: UUID | None, limit: int
    ) -> Sequence[Answer]:
        """Older than ``before``."""
        query = select(transfer_answer).order_by(transfer_answer.c.id.desc()).limit(limit)
        if result_id is not None:
            query = query.where(transfer_answer.c.result_id == result_id)
        if open_ is not None:
            query = query.where(transfer_answer.c.open if open_ else ~transfer_answer.c.open)
        if before is not None:
            query = query.where(transfer_answer.c.id < before)
        async with self._database.transaction() as connection:
            return [to_answer(row) for row in (await connection.execute(query)).mappings()]

    async def open_since(self) -> datetime | None:
        """Since when the oldest answer waits for a person."""
        query = (
            select(func.min(transfer_result.c.at))
            .join(transfer_answer, transfer_answer.c.result_id == transfer_result.c.id)
            .where(transfer_answer.c.open)
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()
