"""What people ask about banks' statements: read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from prepay_ledger.bank.postgres_rows import (
    ACCOUNT_COLUMNS,
    FILE_COLUMNS,
    to_account,
    to_file,
    to_line,
)
from prepay_ledger.bank.tables import bank_account, bank_file, bank_line
from prepay_ledger.bank.values import BankAccount, BankFile, BankLine, LineState
from prewatt_common.db.database import Database


@dataclass(frozen=True, slots=True)
class FileView:
    """A file, and how many of its lines are in each state."""

    file: BankFile
    states: Mapping[LineState, int]


class BankQueries:
    """Each question one read-only transaction. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accounts(self, *, after: str | None, limit: int) -> Sequence[BankAccount]:
        """By their numbers."""
        query = select(*ACCOUNT_COLUMNS).order_by(bank_account.c.account).limit(limit)
        if after is not None:
            query = query.where(bank_account.c.account > after)
        async with self._database.transaction() as connection:
            return [to_account(row) for row in (await connection.execute(query)).mappings()]

    async def files(self, *, before: UUID | None, limit: int) -> Sequence[BankFile]:
        """Older than ``before``."""
        query = select(*FILE_COLUMNS).order_by(bank_file.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(bank_file.c.id < before)
        async with self._database.transaction() as connection:
            return [to_file(row) for row in (await connection.execute(query)).mappings()]

    async def file(self, file_id: UUID) -> FileView | None:
        """One of them."""
        counts = (
            select(bank_line.c.state, func.count())
            .where(bank_line.c.file_id == file_id)
            .group_by(bank_line.c.state)
        )
        async with self._database.transaction() as connection:
            query = select(*FILE_COLUMNS).where(bank_file.c.id == file_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            states = {LineState(state): count for state, count in await connection.execute(counts)}
        return FileView(to_file(row), states)

    async def body(self, file_id: UUID) -> bytes | None:
        """The file as it came."""
        query = select(bank_file.c.body).where(bank_file.c.id == file_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).scalar()

    async def waiting_since(self) -> Mapping[str, datetime]:
        """When the file of the oldest line came that waits for the ledger, and of the oldest that
        waits for a person; what nothing waits for is left out."""
        found: dict[str, datetime] = {}
        async with self._database.transaction() as connection:
            for waits_for, waits in (
                ("ledger", bank_line.c.state == LineState.WAITING.value),
                ("person", bank_line.c.open),
            ):
                # By the index of those.
                oldest = (
                    select(bank_file.c.at)
                    .select_from(bank_line.join(bank_file, bank_file.c.id == bank_line.c.file_id))
                    .where(waits)
                    .order_by(bank_line.c.id)
                    .limit(1)
                )
                since = (await connection.execute(oldest)).scalar()
                if since is not None:
                    found[waits_for] = since
        return found

    async def line(self, line_id: UUID) -> BankLine | None:
        """One line."""
        query = select(bank_line).where(bank_line.c.id == line_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        return to_line(row) if row else None

    async def lines(
        self,
        *,
        file_id: UUID | None,
        account: str | None,
        state: LineState | None,
        open_: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[BankLine]:
        """Older than ``before``."""
        query = select(bank_line).order_by(bank_line.c.id.desc()).limit(limit)
        if file_id is not None:
            query = query.where(bank_line.c.file_id == file_id)
        if account is not None:
            query = query.where(bank_line.c.account == account)
        if state is not None:
            query = query.where(bank_line.c.state == state.value)
        if open_ is not None:
            query = query.where(bank_line.c.open if open_ else ~bank_line.c.open)
        if before is not None:
            query = query.where(bank_line.c.id < before)
        async with self._database.transaction() as connection:
            return [to_line(row) for row in (await connection.execute(query)).mappings()]
