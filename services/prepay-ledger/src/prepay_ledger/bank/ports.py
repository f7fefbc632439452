"""What the use cases of banks' statements need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.bank.values import (
    BankAccount,
    BankFile,
    BankLine,
    KeptStatement,
    LineStep,
    Waiting,
)
from prepay_ledger.debit_files.ports import HasDebits
from prepay_ledger.deposits.ports import HasDeposits
from prepay_ledger.payments import ports as payments
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payouts.ports import HasPayouts


class BankStore(Protocol):
    """Bank accounts of ours, files and their lines. A bank account is locked before its lines, and
    before any payment."""

    async def account(self, account: str) -> BankAccount | None: ...
    async def add_account(self, account: BankAccount) -> bool:
        """Whether it is new."""
        ...

    async def file_of_key(self, key: str) -> BankFile | None: ...
    async def file_of_hash(self, sha256: bytes) -> BankFile | None: ...
    async def add_file(self, file: BankFile, body: bytes) -> bool:
        """Whether neither its key nor its bytes are known; waits for whoever adds such a one."""
        ...

    async def add_statements(self, statements: Sequence[KeptStatement]) -> None: ...
    async def accept_gap(self, statement_id: UUID, decided: Decided, *, at: datetime) -> bool:
        """Whether there is such a statement, and nobody had accepted it."""
        ...

    async def add_lines(self, lines: Sequence[BankLine]) -> None: ...
    async def waiting(self, *, limit: int) -> Sequence[Waiting]:
        """Lines whose turn is to come, in the order of files and lines; nothing is locked."""
        ...

    async def give_way(self) -> None:
        """From now on the transaction raises where it would have to wait for a row, so that nobody
        waits for one that holds many."""
        ...

    async def lock(self, line_id: UUID) -> BankLine | None:
        """The line, its row locked, and before that its bank account's."""
        ...

    async def change(self, line: BankLine) -> None:
        """Write how it stands now: its state and all that follows from it."""
        ...

    async def add_step(self, line_id: UUID, step: LineStep) -> None: ...
    async def first_of(self, line: BankLine) -> BankLine | None:
        """The line that is known under its identity."""
        ...

    async def sums_of_booking(self, line: BankLine) -> Sequence[BankLine]:
        """Sums that are known of its booking, where the bank gives a reference of that."""
        ...

    async def part_of_booking(self, line: BankLine) -> BankLine | None:
        """Likewise any other line."""
        ...

    async def similar(self, line: BankLine) -> Sequence[BankLine]:
        """Payments and payouts of other files, of its booking or of its day and amount."""
        ...

    async def paid_by(self, account: str, end_to_end_id: str) -> Sequence[BankLine]:
        """Payments of that reference that no return was told of, the newest first."""
        ...

    async def parked(self, account: str, end_to_end_id: str) -> Sequence[BankLine]:
        """Returns that wait for their payment, the oldest first."""
        ...


class HasBank(Protocol):
    """A transaction about banks' statements."""

    bank: BankStore


class Unit(HasBank, HasPayouts, HasDebits, HasDeposits, payments.Unit, Protocol):
    """A transaction in which a line is applied."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
