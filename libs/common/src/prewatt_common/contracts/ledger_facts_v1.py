"""Topic ``ledger.facts.v1``: what stands for ever, and is kept for ever."""

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from prewatt_common.contracts.base import Event

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class DaySealed(Event, frozen=True, kw_only=True):
    """A posting day of the ledger is closed. Whoever kept ``head`` can tell that nothing up to that
    day was written again. Key: ``seals``."""

    ce_type: ClassVar[str] = "prewatt.ledger.day-sealed.v1"

    day: date
    previous: Sha256
    """The head before it; 64 zeros for the first."""
    head: Sha256
    """SHA-256 of ``body``."""
    body: str
    """Canonical JSON: Merkle roots and counts of every table, sums by ledger account, offsets."""
