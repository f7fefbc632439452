"""Who owes, and meters as they really are."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prewatt_common.contracts.base import RelayState


@dataclass
class Household:
    """Someone who owes."""

    id: UUID
    balance_micro: int = 0
    emergency_credit_micro: int = 0
    protected: bool = False


@dataclass
class Device:
    """A meter as it really is, and what waits for it in the gateway: the newest command alone."""

    meter_id: str
    is_open: bool = False
    is_there: bool = True
    executed: int = 0
    waiting: dict[str, Any] | None = None
    ended: list[dict[str, Any]] = field(default_factory=list)


def relay_of(device: Device) -> RelayState:
    """As it would be read back."""
    return RelayState.OPEN if device.is_open else RelayState.CLOSED
