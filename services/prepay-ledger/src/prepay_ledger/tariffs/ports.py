"""What the use cases of tariffs need."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol
from uuid import UUID

from prepay_ledger.events import Publishes
from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.tariffs.values import Published
from prewatt_metering.tariffs.document import TariffVersion


class TariffStore(Protocol):
    """Tariff versions."""

    async def lock(self) -> None:
        """Whoever else publishes waits for our commit."""
        ...

    async def hold(self) -> None:
        """Whoever publishes waits for our commit; to be called before the book is asked for by
        which something is agreed."""
        ...

    async def holders(
        self, code: str, *, first: date, end: date | None, without_capacity: bool
    ) -> tuple[int, UUID | None]:
        """How many agreements of the tariff hold on a day from ``first`` up to, without, ``end``
        (none: for ever): those without a capacity, or all; and an account of these."""
        ...

    async def book(self) -> Tariffs: ...
    async def published(self, version: TariffVersion) -> Published | None:
        """The version of that code and day as it was published."""
        ...

    async def is_charged(self, code: str, *, today: date) -> bool:
        """Whether an agreement was charged by the tariff up to ``today``."""
        ...

    async def add(self, published: Published) -> None: ...


class HasTariffs(Protocol):
    """A transaction that knows the tariffs."""

    tariffs: TariffStore


class Unit(HasTariffs, Publishes, Protocol):
    """A transaction in which a tariff is published."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
