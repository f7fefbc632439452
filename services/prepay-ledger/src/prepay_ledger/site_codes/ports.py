"""What reconnection codes need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from prepay_ledger.reconnections.ports import HasReconnections
from prepay_ledger.site_codes.values import Reading, SiteCode


class SiteCodeStore(Protocol):
    """Counters that were given out, and who has read their codes. Nothing is ever changed."""

    async def of_order(self, order_id: UUID) -> Sequence[SiteCode]:
        """The newest first."""
        ...

    async def next_counters(self, meter_ids: Collection[str]) -> Mapping[str, int]:
        """What each meter's next code has; its account is locked, so that nobody takes it
        meanwhile."""
        ...

    async def add(self, code: SiteCode) -> None:
        """A counter that was given out before is refused: a bug."""
        ...

    async def read(self, code_id: UUID, reading: Reading) -> Sequence[Reading]:
        """Write down who has read it; gives all who have, the last first."""
        ...


class HasSiteCodes(Protocol):
    """A transaction that knows what codes were given out."""

    site_codes: SiteCodeStore


class Unit(HasReconnections, HasSiteCodes, Protocol):
    """A transaction in which a code is shown."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
