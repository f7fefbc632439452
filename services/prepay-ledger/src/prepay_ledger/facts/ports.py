"""What telling a fact needs."""

from collections.abc import Sequence
from typing import Protocol

from prepay_ledger.events import Publishes
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.base import Event


class FactStore(Protocol):
    """Facts as they were told."""

    async def add(self, facts: Sequence[tuple[str, Event]], decided: Decided) -> None:
        """Keep the events, each with what it is about."""
        ...


class HasFacts(Publishes, Protocol):
    """A transaction in which people decide something."""

    facts: FactStore
