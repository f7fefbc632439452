"""An account as its money and supply are decided by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_common.contracts.ledger_events_v1 import SupplyState


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owes. Balance and limits in micro-units of ``currency``; positive is money left."""

    id: UUID
    number: str
    currency: str
    balance_micro: int
    low_balance_micro: int
    emergency_credit_micro: int
    protected: bool
    supply_state: SupplyState
    opened_at: datetime
