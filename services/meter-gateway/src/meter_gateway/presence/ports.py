"""What this module needs of the outside, inside a transaction."""

from collections.abc import Collection, Mapping
from typing import Protocol

from meter_gateway.presence.rules import Known


class PresenceStore(Protocol):
    """What is known of registered meters."""

    async def presences(self, meter_ids: Collection[str]) -> Mapping[str, Known]:
        """What is known of those that are registered, locked."""
        ...

    async def set_presences(self, known: Mapping[str, Known]) -> None:
        """It is this now."""
        ...
