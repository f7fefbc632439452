"""What an answer needs of the database."""

from typing import Protocol

from billing.usage.values import Snapshot


class Snapshots(Protocol):
    """All in one state of the database."""

    async def of_meter(self, meter_id: str) -> Snapshot | None:
        """None for a meter that is installed nowhere and never was."""
        ...
