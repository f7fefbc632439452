"""What files of transfers need."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol
from uuid import UUID

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.debit_files.ports import ResultStore
from prepay_ledger.debit_files.values import Body
from prepay_ledger.refunds.ports import HasRefunds
from prepay_ledger.refunds.values import Payee
from prepay_ledger.transfer_files.values import (
    Answer,
    AnswerState,
    Step,
    TransferFileRow,
    TransferItem,
)


class ToPay(NamedTuple):
    """A refund that waits for a transfer, and what of it stands for ever."""

    refund_id: UUID
    account_id: UUID
    account_number: str
    payee: Payee
    amount_micro: int


class TransferStore(ResultStore, Protocol):
    """Files, their lines and what banks answer."""

    async def to_pay(
        self, currency: str, *, without: Collection[UUID], limit: int
    ) -> Sequence[ToPay]:
        """Refunds by the bank that are in transit, that no file pays, and of which no answer waits
        for a person; in the order of accounts, in which they are locked. Nothing is locked."""
        ...

    async def still_to_pay(self, refund_ids: Sequence[UUID]) -> Collection[UUID]:
        """Those that are in transit still, and that no file pays. The caller holds their
        accounts."""
        ...

    async def file_of_key(self, key: str) -> TransferFileRow | None: ...
    async def add_file(self, file: TransferFileRow) -> bool:
        """Whether its key is new."""
        ...

    async def add_items(self, items: Sequence[TransferItem]) -> None: ...
    async def add_body(self, body: Body) -> None: ...
    async def add_step(self, file_id: UUID, step: Step) -> None: ...
    async def file(self, file_id: UUID) -> TransferFileRow | None: ...
    async def lock_file(self, file_id: UUID) -> TransferFileRow | None: ...
    async def put_file(self, file: TransferFileRow) -> None:
        """Its state."""
        ...

    async def items(self, file_id: UUID) -> Sequence[TransferItem]:
        """In their order."""
        ...

    async def items_of(self, bank: str, refund_id: UUID) -> Sequence[TransferItem]:
        """The lines of the bank's files with that refund, the newest first."""
        ...

    async def put_item(self, item: TransferItem) -> None:
        """Its state, why, and whether it is live. The caller has its file locked."""
        ...

    async def add_answer(self, answer: Answer) -> None: ...
    async def has_open_answer(self, file_id: UUID) -> bool:
        """Whether an answer about a refund of the file waits for a person."""
        ...

    async def lock_answer(self, answer_id: UUID) -> Answer | None: ...
    async def put_answer_state(self, answer_id: UUID, state: AnswerState) -> None:
        """The caller has it locked."""
        ...

    async def close_answer(self, answer_id: UUID, *, who: str, reason: str) -> bool:
        """Whether it was open."""
        ...


class HasTransfers(Protocol):
    """A transaction about files of transfers."""

    transfers: TransferStore


class Unit(HasTransfers, HasRefunds, HasBalances, HasProposals, Protocol):
    """One in which a file is made, approved, or answered."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
