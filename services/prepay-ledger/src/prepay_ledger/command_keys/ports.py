"""What the use cases of command keys need."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from prepay_ledger.command_keys.values import Asked, CommandKey, Keys, MeterKeys, Missing
from prepay_ledger.facts.ports import HasFacts


class CommandKeyStore(Protocol):
    """Keys, which of them each meter holds, and what each was told."""

    async def hold(self) -> Keys:
        """All, as they are until our transaction ends: whoever decides about one waits."""
        ...

    async def take(self) -> Keys | None:
        """Likewise; none where somebody else has them in hand."""
        ...

    async def add(self, key: CommandKey) -> None: ...
    async def change(self, key: CommandKey) -> None:
        """Its row, as it stands now."""
        ...

    async def missing(self, key_id: str, *, now: datetime) -> Missing:
        """Who of the serving meters has not acknowledged it."""
        ...

    async def signing_keys(self, meter_ids: Sequence[str]) -> Mapping[str, str]:
        """The newest key that each has told that it holds, of those that are rolled out and not
        retired; not those that have told of none."""
        ...

    async def serving(self, *, after: str, limit: int, now: datetime) -> Sequence[MeterKeys]:
        """The next meters that serve, in the order of their ids."""
        ...

    async def first_sequence(self) -> int:
        """Numbers of key messages are above it."""
        ...

    async def ask(self, asked: Mapping[str, Asked]) -> None:
        """What these meters are told now."""
        ...

    async def told(self, meter_id: str, key_ids: Sequence[str], *, at: datetime) -> None:
        """A meter holds these keys, and no others. What is no key of ours is passed over."""
        ...

    async def device_changed(self, meter_id: str) -> None:
        """Another device hangs under the meter's id: nothing is known of what it holds."""
        ...


class HasCommandKeys(Protocol):
    """A transaction that knows command keys."""

    command_keys: CommandKeyStore


class Unit(HasCommandKeys, HasFacts, Protocol):
    """A transaction about command keys."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
