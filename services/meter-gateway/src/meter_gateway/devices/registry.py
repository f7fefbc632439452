"""The meters the gateway knows, in memory: no reading asks the database."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from meter_gateway.devices.meter_ids import MeterIds

FindDevices = Callable[[Sequence[str]], Awaitable[set[str]]]


class Registry:
    """Known meter ids. Those of a batch that are not known are looked for in the database with
    one query, since another replica may have registered them a moment ago."""

    def __init__(self, *, find: FindDevices) -> None:
        self._known = MeterIds()
        self._find = find

    def __contains__(self, meter_id: str) -> bool:
        return meter_id in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, meter_ids: Iterable[str]) -> None:
        """Registered, loaded, or found."""
        self._known.add(meter_ids)

    async def look_for(self, meter_ids: Iterable[str]) -> None:
        """Ask the database for those of ``meter_ids`` that are not known."""
        wanted = {meter_id for meter_id in meter_ids if meter_id not in self._known}
        if wanted:
            self.add(await self._find(list(wanted)))
