"""Who decided something, why and when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """By whom and why; ``at``: when."""

    by: str
    reason: str
    at: datetime
