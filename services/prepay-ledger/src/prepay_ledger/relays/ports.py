"""What is kept of relays and their commands."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from prepay_ledger.relays.values import (
    CommandProgress,
    CommandRecorded,
    Heard,
    NewCommand,
    Relay,
    Serving,
)
from prewatt_metering.registers.spans import Limited, Span


class RelayStore(Protocol):
    """Relays, commands and what was heard of meters."""

    async def serving(self, meter_ids: Sequence[str], *, now: datetime) -> Serving:
        """Whom these meters serve; not those that serve nobody."""
        ...

    async def hold_vacant(self, meter_ids: Sequence[str]) -> None:
        """Lock meters that serve nobody, as whoever has them serve somebody does; before any
        account."""
        ...

    async def moving_accounts(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Sequence[UUID]:
        """Those of the accounts that were cut or are about to be, or are served by a meter that was
        told something before. Whoever has neither is looked at when a balance moves."""
        ...

    async def of_accounts(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Mapping[UUID, Sequence[Relay]]:
        """The relays of the meters that serve these accounts, by meter. The accounts are locked."""
        ...

    async def of_meters(self, meter_ids: Sequence[str]) -> Sequence[Relay]:
        """The relays of these meters, locked, after their accounts."""
        ...

    async def save(self, relays: Sequence[Relay]) -> None:
        """As they are now; what is known of presence and readings is kept elsewhere."""
        ...

    async def device_changed(self, meter_id: str, *, at: datetime) -> None:
        """At ``at`` another device was hung under the meter's id: its relay is closed, and what was
        asked of the one before is asked of nobody."""
        ...

    async def heard(self, heard: Sequence[Heard], *, absence_borne: timedelta) -> Sequence[str]:
        """Meters came and went. Gives those whose relay is not at rest, or that have never been
        told anything and went away."""
        ...

    async def last_sequences(self, meter_ids: Sequence[str]) -> Mapping[str, int]:
        """The number that each meter's next command is above."""
        ...

    async def issue(self, commands: Sequence[NewCommand]) -> None:
        """Keep new commands."""
        ...

    async def record_progress(
        self, progress: Sequence[CommandProgress]
    ) -> Sequence[CommandRecorded]:
        """The commands that moved on; not those unknown or already further."""
        ...

    async def relay_open(self, meter_ids: Sequence[str]) -> Mapping[str, Sequence[Span]]:
        """When the relay of each was open for certain, by its last hundred commands."""
        ...

    async def relay_limited(self, meter_ids: Sequence[str]) -> Mapping[str, Sequence[Limited]]:
        """When the load of each was limited for certain, and to what."""
        ...


class HasRelays(Protocol):
    """A transaction that knows relays."""

    relays: RelayStore
