"""What the ledger has posted for a meter-month."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Posted:
    """The ledger's month as it last told: energy in Wh, total in micro-units."""

    account_id: UUID
    meter_id: str
    import_wh: int
    last_read_at: datetime
    energy_wh: int
    total_micro: int
