"""A replica of the gateway, as the others know it."""

from dataclasses import dataclass
from datetime import datetime

GONE_S = 120
"""Seen within this, a replica runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """``seen_at`` and ``silent_s`` are by the database's clock, which is the same for all."""

    name: str
    seen_at: datetime
    silent_s: float

    @property
    def runs(self) -> bool:
        """Whether it was here a moment ago."""
        return self.silent_s < GONE_S
