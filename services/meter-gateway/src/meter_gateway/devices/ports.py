"""What this module needs of the outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from meter_gateway.devices.device import Device, NewDevice


class DeviceStore(Protocol):
    """Registered meters. Each call is its own transaction."""

    async def add(self, devices: Sequence[NewDevice], *, now: datetime) -> int:
        """All or none; how many were new. Those that exist stay as they are."""
        ...


class DeviceQueries(Protocol):
    """For those who look."""

    async def device(self, meter_id: str) -> Device | None:
        """One, or none where it is not registered."""
        ...

    async def page(self, *, after: str | None, limit: int) -> Sequence[Device]:
        """In the order of their ids, after one."""
        ...
