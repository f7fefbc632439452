"""What the use cases of batch debits need."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.debit_files.values import (
    Answer,
    Body,
    DebitFileRow,
    DebitItem,
    DueStatement,
    KnownDebtor,
    ResultFile,
    Step,
)
from prepay_ledger.payments import ports as payments


class ResultStore(Protocol):
    """What banks answer to files of ours, as it came."""

    async def result_of_key(self, key: str) -> ResultFile | None: ...
    async def result_of_hash(self, provider: str, sha256: bytes, /) -> ResultFile | None: ...
    async def add_result(self, result: ResultFile, body: bytes) -> bool:
        """Whether neither its key nor its bytes are known."""
        ...


class DebitStore(ResultStore, Protocol):
    """Debtors, files, their lines and what banks answer."""

    async def put_debtor(self, known: KnownDebtor) -> None: ...
    async def debtors(self, mandate_ids: Sequence[UUID]) -> Mapping[UUID, KnownDebtor]: ...
    async def file_of_key(self, key: str) -> DebitFileRow | None: ...
    async def add_file(self, file: DebitFileRow) -> bool:
        """Whether neither its key is known nor another file of the provider is being made."""
        ...

    async def file(self, file_id: UUID) -> DebitFileRow | None:
        """Without any lock."""
        ...

    async def lock_file(self, file_id: UUID) -> DebitFileRow | None: ...
    async def change_file(self, file: DebitFileRow) -> None: ...
    async def collecting(self) -> Sequence[UUID]:
        """Files that are being made; nothing is locked."""
        ...

    async def to_gather(self, file: DebitFileRow, *, limit: int) -> Sequence[UUID]:
        """Requests that are to be in the file, and whose debtor is known; nothing is locked."""
        ...

    async def add_item(self, item: DebitItem) -> None: ...
    async def items(self, file_id: UUID) -> Sequence[DebitItem]:
        """In their order."""
        ...

    async def item(self, request_id: UUID) -> DebitItem | None: ...
    async def change_item(self, item: DebitItem) -> None:
        """By which lines of the bank it was told."""
        ...

    async def add_body(self, body: Body) -> None: ...
    async def add_step(self, file_id: UUID, step: Step) -> bool:
        """Whether nobody had done that with the file."""
        ...

    async def to_follow(self, *, limit: int) -> Sequence[UUID]:
        """Requests in files that were sent or cancelled, for which that has not been noted."""
        ...

    async def add_answers(self, answers: Sequence[Answer]) -> None: ...
    async def waiting(self, *, limit: int) -> Sequence[UUID]:
        """Answers whose turn is to come, oldest first; nothing is locked."""
        ...

    async def lock_answer(self, answer_id: UUID) -> Answer | None: ...
    async def change_answer(self, answer: Answer) -> None: ...
    async def close_answer(self, answer_id: UUID, *, who: str, reason: str) -> bool:
        """Whether it was open."""
        ...

    async def files_by_line(
        self, providers: Sequence[str], *, names: Sequence[str], sum_micro: int
    ) -> Sequence[DebitFileRow]:
        """Files that were sent and that no line of the bank is known to be: those that are called
        so, else those of that sum whose debits are not told one by one. The oldest first."""
        ...


class DueStatementStore(Protocol):
    """What post-paid accounts owe by statements. The caller of `newest` and `one` holds the
    account."""

    async def accounts(
        self, provider: str, until: date, *, after: UUID | None, limit: int
    ) -> Sequence[UUID]:
        """Post-paid accounts that owe something, whose active mandate with the provider covers
        statements, and whose newest one due by that day is not asked for; in the order of their
        ids. Nothing is locked."""
        ...

    async def news(self) -> Hashable:
        """What is another one once a statement was issued, a mandate changed, or a request has
        closed: cheap to ask, and nothing is locked."""
        ...

    async def newest(self, account_id: UUID, until: date) -> DueStatement | None:
        """Of those due by that day."""
        ...

    async def one(self, statement_id: UUID) -> DueStatement: ...


class HasDebits(Protocol):
    """A transaction about batch debits."""

    debit_files: DebitStore
    due_statements: DueStatementStore


class Unit(HasDebits, payments.Unit, Protocol):
    """A transaction in which a line is put into a file, or an answer applied."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
