"""Policy versions and their drafts."""

from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.policies.book import PolicyBook
from prepay_ledger.policies.postgres_rows import draft_row, to_draft, to_version, version_row
from prepay_ledger.policies.tables import policy_draft, policy_version
from prepay_ledger.policies.values import PolicyDraft, PolicyVersion
from prewatt_common.db.database import driver

_LOCK = 0x4E4D06
_NEWEST = "SELECT id FROM policy_version ORDER BY number DESC LIMIT 1"
_NEXT_NUMBER = "SELECT coalesce(max(number), 0) + 1 FROM policy_version"
# A row is never changed and never goes, so the newest one's id tells whether any is new. The book
# is asked for in every review; parsed anew each time it would cost more than the review.
_kept: dict[UUID | None, PolicyBook] = {None: PolicyBook([])}


class PostgresPolicies:
    """A `PolicyStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._asked: PolicyBook | None = None

    async def book(self) -> PolicyBook:
        """Kept in the process while nothing new is published; a transaction asks once."""
        if self._asked is None:
            self._asked = await self._newest_book()
        return self._asked

    async def _newest_book(self) -> PolicyBook:
        newest: UUID | None = await (await driver(self._connection)).fetchval(_NEWEST)
        known = _kept.get(newest)
        if known is None:
            rows = (await self._connection.execute(select(policy_version))).mappings().all()
            known = PolicyBook(map(to_version, rows))
            # What was read may be newer than what was asked: each statement has its own snapshot.
            key = max(rows, key=lambda row: row["number"])["id"]
            for other in [each for each in _kept if each is not None]:
                del _kept[other]
            _kept[key] = known
        return known

    async def lock(self) -> None:
        """By an advisory lock: there may be no row yet."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        self._asked = None

    async def add_draft(self, draft: PolicyDraft) -> None:
        """A new one."""
        await self._connection.execute(insert(policy_draft).values(**draft_row(draft)))

    async def lock_draft(self, draft_id: UUID) -> PolicyDraft | None:
        """Waits for whoever has it."""
        query = select(policy_draft).where(policy_draft.c.id == draft_id).with_for_update()
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else to_draft(row)

    async def change_draft(self, draft: PolicyDraft) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(policy_draft).where(policy_draft.c.id == draft.id).values(**draft_row(draft))
        )

    async def next_number(self) -> int:
        """From 1; the built-in one is 0."""
        return await (await driver(self._connection)).fetchval(_NEXT_NUMBER)

    async def add(self, version: PolicyVersion) -> None:
        """The caller holds the lock."""
        await self._connection.execute(insert(policy_version).values(**version_row(version)))
        self._asked = None
