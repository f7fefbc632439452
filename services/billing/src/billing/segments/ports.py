"""What segments need of the outside."""

from typing import Protocol
from uuid import UUID

from billing.segments.values import Found, Segment


class Segments(Protocol):
    """Accounts, by what billing knows of them."""

    async def members(self, segment: Segment, *, after: UUID | None, limit: int) -> Found:
        """``limit`` at most, in order of ids. So many accounts are looked at for an answer, however
        few of them fit."""
        ...
