"""Who decided something, why and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """By whom and why; ``at``: when."""

    by: str
    reason: str
    at: datetime


class DraftState(StrEnum):
    """How far a document is that one person drafts and another publishes."""

    DRAFTED = "drafted"
    """It waits for another person, who publishes or withdraws it."""
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
