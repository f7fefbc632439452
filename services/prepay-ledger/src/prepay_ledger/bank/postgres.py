"""Banks' statements in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    insert,
    select,
    text,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.bank.postgres_rows import (
    ACCOUNT_COLUMNS,
    FILE_COLUMNS,
    file_values,
    line_values,
    to_account,
    to_file,
    to_line,
)
from prepay_ledger.bank.tables import (
    bank_account,
    bank_file,
    bank_line,
    bank_line_step,
    bank_statement,
)
from prepay_ledger.bank.values import (
    MONEY_CAME,
    PAID,
    BankAccount,
    BankFile,
    BankLine,
    KeptStatement,
    LineState,
    LineStep,
    Waiting,
)
from prepay_ledger.payments.credit import Decided
from prewatt_common.ids import new_id

_CHANGING = ("state", "reason", "open", "known", "payment", "refers_to")
_LINES_AT_ONCE = 1_000
_WAIT_MS_MAX = 250
_HAS_BOOKING = text("booking <> ''")
_IS_SUM = text("kind = 'batch'")
"""In words of SQL, and not as parameters: what indexes are limited to."""


class PostgresBank:
    """A `BankStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def account(self, account: str) -> BankAccount | None:
        """Without any lock."""
        query = select(*ACCOUNT_COLUMNS).where(bank_account.c.account == account)
        row = (await self._connection.execute(query)).mappings().first()
        return to_account(row) if row else None

    async def add_account(self, account: BankAccount) -> bool:
        """Waits for whoever adds the same one."""
        added = await self._connection.execute(
            upsert(bank_account)
            .values(asdict(account))
            .on_conflict_do_nothing(index_elements=["account"])
            .returning(bank_account.c.account)
        )
        return added.first() is not None

    async def file_of_key(self, key: str) -> BankFile | None:
        """The one that came under it first."""
        return await self._file(bank_file.c.key == key)

    async def file_of_hash(self, sha256: bytes) -> BankFile | None:
        """The one of these bytes."""
        return await self._file(bank_file.c.sha256 == sha256)

    async def _file(self, condition: ColumnElement[bool]) -> BankFile | None:
        query = select(*FILE_COLUMNS).where(condition)
        row = (await self._connection.execute(query)).mappings().first()
        return to_file(row) if row else None

    async def add_file(self, file: BankFile, body: bytes) -> bool:
        """By both unique indexes."""
        added = await self._connection.execute(
            upsert(bank_file)
            .values(body=body, **file_values(file))
            .on_conflict_do_nothing()
            .returning(bank_file.c.id)
        )
        return added.first() is not None

    async def add_statements(self, statements: Sequence[KeptStatement]) -> None:
        """Insert them."""
        await self._connection.execute(insert(bank_statement), [asdict(s) for s in statements])

    async def accept_gap(self, statement_id: UUID, decided: Decided, *, at: datetime) -> bool:
        """Of two at once one is first."""
        accepted = await self._connection.execute(
            update(bank_statement)
            .where(bank_statement.c.id == statement_id, bank_statement.c.accepted_at.is_(None))
            .values(accepted_by=decided.who, accepted_reason=decided.reason, accepted_at=at)
            .returning(bank_statement.c.id)
        )
        return accepted.first() is not None

    async def add_lines(self, lines: Sequence[BankLine]) -> None:
        """Insert them."""
        for at in range(0, len(lines), _LINES_AT_ONCE):
            rows = [line_values(each) for each in lines[at : at + _LINES_AT_ONCE]]
            await self._connection.execute(insert(bank_line), rows)

    async def waiting(self, *, limit: int) -> Sequence[Waiting]:
        """By the index of those."""
        query = select(bank_line.c.id, bank_line.c.account).where(
            bank_line.c.state == LineState.WAITING.value
        )
        rows = await self._connection.execute(query.order_by(bank_line.c.id).limit(limit))
        return [Waiting(*row) for row in rows]

    async def give_way(self) -> None:
        """Well before anybody's wait is looked at as a deadlock, a second by default."""
        await self._connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_MS_MAX}ms'"))

    async def lock(self, line_id: UUID) -> BankLine | None:
        """An advisory lock of its bank account is what keeps two lines of it from being applied at
        once: the account's row is sealed, and nobody may lock it to change it."""
        of_line = select(bank_line.c.account).where(bank_line.c.id == line_id)
        account = (await self._connection.execute(of_line)).scalar()
        if account is None:
            return None
        key = func.hashtextextended(f"bank/{account}", 0)
        await self._connection.execute(select(func.pg_advisory_xact_lock(key)))
        (line,) = await self._lines(
            select(bank_line).where(bank_line.c.id == line_id).with_for_update()
        )
        return line

    async def change(self, line: BankLine) -> None:
        """What does not follow from the file."""
        values = line_values(line)
        await self._connection.execute(
            update(bank_line)
            .where(bank_line.c.id == line.id)
            .values({name: values[name] for name in _CHANGING})
        )

    async def add_step(self, line_id: UUID, step: LineStep) -> None:
        """Insert it."""
        await self._connection.execute(
            insert(bank_line_step).values(id=new_id(), line_id=line_id, **asdict(step))
        )

    async def first_of(self, line: BankLine) -> BankLine | None:
        """By the unique index of those."""
        same = bank_line.c.account == line.account, bank_line.c.identity == line.identity
        lines = await self._lines(select(bank_line).where(*same, bank_line.c.known))
        return lines[0] if lines else None

    async def sums_of_booking(self, line: BankLine) -> Sequence[BankLine]:
        """By the index of sums."""
        if not line.line.booking:
            return []
        of_booking = self._of_booking(line).where(_IS_SUM)
        return [each for each in await self._lines(of_booking) if each.known]

    async def part_of_booking(self, line: BankLine) -> BankLine | None:
        """The first of them."""
        if not line.line.booking:
            return None
        lines = await self._lines(self._of_booking(line).where(bank_line.c.known).limit(1))
        return lines[0] if lines else None

    def _of_booking(self, line: BankLine) -> Select[Any]:
        return (
            select(bank_line)
            .where(
                bank_line.c.account == line.account,
                bank_line.c.booking == line.line.booking,
                _HAS_BOOKING,
                bank_line.c.id != line.id,
            )
            .order_by(bank_line.c.id)
        )

    async def similar(self, line: BankLine) -> Sequence[BankLine]:
        """By two indexes. Of one day and amount, or of one booking, a file may have thousands of
        lines: its own are not read."""
        same: list[ColumnElement[bool]] = [
            and_(
                bank_line.c.booked_on == line.line.booked_on,
                bank_line.c.amount_micro == line.line.amount_micro,
            )
        ]
        if line.line.booking:
            same.append(and_(bank_line.c.booking == line.line.booking, _HAS_BOOKING))
        asked = union(
            *(
                select(bank_line).where(
                    bank_line.c.account == line.account,
                    each,
                    other,
                    bank_line.c.state.in_([state.value for state in MONEY_CAME]),
                )
                for each in same
                for other in (
                    bank_line.c.file_id < line.file_id,
                    bank_line.c.file_id > line.file_id,
                )
            )
        )
        return sorted(await self._lines(asked), key=lambda each: each.id)

    async def paid_by(self, account: str, end_to_end_id: str) -> Sequence[BankLine]:
        """A return refers to the payment that it took back."""
        told = bank_line.alias("told")
        returned = exists().where(
            told.c.refers_to == bank_line.c.id,
            told.c.state.in_([LineState.TAKEN_BACK.value, LineState.EXCESS.value]),
        )
        return await self._lines(
            select(bank_line)
            .where(
                _named(account, end_to_end_id),
                bank_line.c.state.in_([each.value for each in PAID]),
                ~returned,
            )
            .order_by(bank_line.c.id.desc())
        )

    async def parked(self, account: str, end_to_end_id: str) -> Sequence[BankLine]:
        """Of those that no person has closed."""
        return await self._lines(
            select(bank_line)
            .where(
                _named(account, end_to_end_id),
                bank_line.c.state == LineState.PARKED.value,
                bank_line.c.open,
            )
            .order_by(bank_line.c.id)
        )

    async def _lines(self, query: Any) -> Sequence[BankLine]:
        rows = (await self._connection.execute(query)).mappings()
        return [to_line(row) for row in rows]


def _named(account: str, end_to_end_id: str) -> ColumnElement[bool]:
    return and_(
        bank_line.c.account == account,
        bank_line.c.end_to_end_id == end_to_end_id,
        bank_line.c.end_to_end_id != "",
    )
