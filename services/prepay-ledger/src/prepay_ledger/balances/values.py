"""An account as its money and supply are decided by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_common.contracts.ledger_events_v1 import SupplyState

CUT = frozenset({SupplyState.DISCONNECTING, SupplyState.DISCONNECTED, SupplyState.LIMITED})
"""A relay is open or limited, or on its way to be."""
OFF = CUT | {SupplyState.RECONNECTING, SupplyState.ARMED}
"""The customer does not have all supply back: also where it is due, and not there yet."""


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
