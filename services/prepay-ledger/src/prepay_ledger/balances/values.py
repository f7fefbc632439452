"""An account as its money and supply are decided by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.procedure_v1 import Mode

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
    overdraft_micro: int
    """What may be used below zero at any time, as agreed."""
    protected: bool
    supply_state: SupplyState
    opened_at: datetime
    mode: Mode = Mode.PREPAY
    """How it pays: post-paid (`Mode.ARREARS`) it is never cut for its balance."""
    emergency_credit_micro: int = 0
    """What may be used below that besides, once: accepted by the customer, and not repaid yet."""
    balance_number: int = 0
    """Of ``balance_micro``, as `journal.values.Balance` has it: of two the higher one is newer."""

    @property
    def credit_micro(self) -> int:
        """How far below zero the balance may fall before the cut."""
        return self.overdraft_micro + self.emergency_credit_micro

    @property
    def left_micro(self) -> int:
        """What may be used until the cut."""
        return self.balance_micro + self.credit_micro
