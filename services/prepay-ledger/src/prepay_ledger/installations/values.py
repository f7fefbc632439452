"""Which meter serves which account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBinding:
    """A meter to serve an account from an instant on, with its register then."""

    id: UUID
    account_id: UUID
    meter_id: str
    tariff_code: str
    effective_from: datetime
    effective_to: datetime | None
    opening_wh: int
