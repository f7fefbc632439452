"""Use case: meters are registered; from then on their readings are taken."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from meter_gateway.devices.device import NewDevice
from meter_gateway.devices.ports import DeviceStore


class AlreadyRegistered(Exception):
    """A meter of that id is registered; nothing was changed."""


class RegisterDevices:
    """``registered`` is told of them after the commit."""

    def __init__(self, *, store: DeviceStore, registered: Callable[[Iterable[str]], None]) -> None:
        self._store = store
        self._registered = registered

    async def one(self, device: NewDevice, *, now: datetime) -> None:
        """Raises `AlreadyRegistered`."""
        if not await self._store.add([device], now=now):
            message = f"Meter {device.meter_id} is registered; nothing was changed."
            raise AlreadyRegistered(message)
        self._registered([device.meter_id])

    async def all(self, devices: Sequence[NewDevice], *, now: datetime) -> int:
        """How many were new; again it changes nothing."""
        new = await self._store.add(devices, now=now)
        self._registered(each.meter_id for each in devices)
        return new
