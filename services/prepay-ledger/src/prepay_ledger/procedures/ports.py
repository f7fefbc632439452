"""What the use cases of procedures need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.events import Publishes
from prepay_ledger.facts.values import Decided
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.procedures.values import Evidence, ProcedureDraft, PublishedProcedure
from prewatt_common.contracts.notice_events_v1 import (
    NoticeBounced,
    NoticeDelivered,
    NoticeFailed,
)


class ProcedureStore(Protocol):
    """Procedures by version, and drafts of them."""

    async def lock(self) -> None:
        """Whoever else publishes waits for our commit."""
        ...

    async def book(self) -> ProcedureBook:
        """Asked for in every review: what was parsed before is not parsed again."""
        ...

    async def add_draft(self, draft: ProcedureDraft) -> None: ...
    async def lock_draft(self, draft_id: UUID) -> ProcedureDraft | None:
        """The draft, its row locked until the transaction ends."""
        ...

    async def change_draft(self, draft: ProcedureDraft) -> None: ...
    async def publish(
        self, published: PublishedProcedure, *, draft: ProcedureDraft, decided: Decided
    ) -> None: ...


class EvidenceStore(Protocol):
    """Evidence, append only."""

    async def standing(self, account_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Evidence]]:
        """Of each account what was not taken back, without the rows that take back."""
        ...

    async def find(self, evidence_id: UUID, *, account_id: UUID) -> tuple[Evidence, bool] | None:
        """A row of the account, and whether it stands."""
        ...

    async def add(self, evidence: Evidence) -> None: ...
    async def add_delivered(
        self, notices: Sequence[NoticeDelivered], *, now: datetime
    ) -> Sequence[UUID]:
        """Those that are not known yet, of accounts that there are; gives their accounts."""
        ...

    async def take_back_bounced(
        self, notices: Sequence[NoticeBounced], *, now: datetime
    ) -> Sequence[UUID]:
        """These very notices, where they were delivered, count no more; gives the accounts of which
        that is news."""
        ...

    async def take_back_failed(
        self, notices: Sequence[NoticeFailed], *, now: datetime
    ) -> Sequence[UUID]:
        """What was delivered of the same cause and template counts no more; gives the accounts
        of which that is news."""
        ...


class HasProcedures(Protocol):
    """A transaction that knows procedures and what was done by them."""

    procedures: ProcedureStore
    evidence: EvidenceStore


class Unit(HasProcedures, Publishes, Protocol):
    """A transaction in which a procedure is drafted or published."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
