"""The meters the gateway knows, in memory: no reading asks the database."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

FindDevices = Callable[[Sequence[str]], Awaitable[set[str]]]

_UNKNOWN_FOR = timedelta(seconds=5)
_UNKNOWN_MAX = 10_000


class Registry:
    """Known meter ids. One that is not known is looked for in the database, since another replica
    may have registered it a moment ago; the answer "unknown" holds for a few seconds."""

    def __init__(self, *, find: FindDevices) -> None:
        self._known: set[str] = set()
        self._unknown_until: dict[str, datetime] = {}
        self._find = find

    def __contains__(self, meter_id: str) -> bool:
        return meter_id in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, meter_ids: Iterable[str]) -> None:
        """Registered, loaded, or found."""
        for meter_id in meter_ids:
            self._known.add(meter_id)
            self._unknown_until.pop(meter_id, None)

    async def look_for(self, meter_ids: Iterable[str], *, now: datetime) -> None:
        """Ask the database for those of ``meter_ids`` that are not known."""
        wanted = [
            meter_id
            for meter_id in set(meter_ids)
            if meter_id not in self._known and self._unknown_until.get(meter_id, now) <= now
        ]
        if not wanted:
            return
        found = await self._find(wanted)
        self.add(found)
        if len(self._unknown_until) > _UNKNOWN_MAX:
            # Somebody is inventing ids; remembering them all would be what they want.
            self._unknown_until.clear()
        for meter_id in wanted:
            if meter_id not in found:
                self._unknown_until[meter_id] = now + _UNKNOWN_FOR
