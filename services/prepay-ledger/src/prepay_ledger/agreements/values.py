"""An agreement as it stands."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An account is charged by a tariff on the local days from ``first_day`` up to, without,
    ``end_day`` (none: still). ``revision`` counts how often it was decided about."""

    id: UUID
    account_id: UUID
    tariff_code: str
    first_day: date
    end_day: date | None = None
    capacity_va: int | None = None
    contracted_w: int | None = None
    revision: int = 1
    corrections: int = 0
    """How many of its tariff's corrections it is charged by."""
