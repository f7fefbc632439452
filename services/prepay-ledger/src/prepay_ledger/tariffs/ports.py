"""What the use cases of tariffs need."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from prepay_ledger.events import Publishes
from prepay_ledger.tariffs.book import TariffBook
from prewatt_metering.monthly.tariffs import TariffVersion


class TariffStore(Protocol):
    """Tariff versions."""

    async def book(self) -> TariffBook: ...
    async def add(self, version: TariffVersion, *, at: datetime) -> bool:
        """False where code and month are taken."""
        ...


class HasTariffs(Protocol):
    """A transaction that knows the tariffs."""

    tariffs: TariffStore


class Unit(HasTariffs, Publishes, Protocol):
    """A transaction in which a tariff is published."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
