"""What the use cases of supply need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from prepay_ledger.breakers.ports import HasBreakers
from prepay_ledger.command_keys.ports import HasCommandKeys
from prepay_ledger.conditions.ports import HasConditions
from prepay_ledger.emergency_credits.ports import HasEmergencyCredits
from prepay_ledger.events import Publishes
from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.policies.ports import HasPolicies
from prepay_ledger.policies.values import Area
from prepay_ledger.prepay_agreements.ports import HasGrounds
from prepay_ledger.reconnections.ports import HasReconnections
from prepay_ledger.relays.ports import HasRelays
from prepay_ledger.site_codes.ports import HasSiteCodes
from prepay_ledger.supply.values import KeptForecast, NextReview, StoredDecision, SupplyView


class SupplyStore(Protocol):
    """Supply states and decisions."""

    async def hold(self, account_ids: Sequence[UUID]) -> None:
        """Lock the accounts' rows, as every decision does, before the relays of their meters."""
        ...

    async def lock(self, account_ids: Sequence[UUID], *, now: datetime) -> Sequence[SupplyView]:
        """The accounts, locked, with all that a decision rests on."""
        ...

    async def areas(
        self, account_ids: Sequence[UUID], *, now: datetime
    ) -> Mapping[UUID, frozenset[Area]]:
        """Where the meters hang that serve these accounts, as far as that is known."""
        ...

    async def rules(self) -> tuple[int | None, ...]:
        """Another value whenever what holds for everybody has changed."""
        ...

    async def look_at(self, account_ids: Sequence[UUID], *, now: datetime) -> None:
        """These are to be decided about anew."""
        ...

    async def look_again(self, *, now: datetime) -> None:
        """Everybody whose supply is off, or moving, or to be cut, is decided about anew: the rules
        have changed."""
        ...

    async def look_at_everybody(
        self, policy: int, *, now: datetime, with_warnings: Callable[[int], bool]
    ) -> None:
        """Some more of all accounts are decided about anew, until all were under ``policy``, the
        number of the version in force, wherever it or the one before warns by limits of its own.
        How far that is outlives the process."""
        ...

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Accounts to be looked at again, locked; those another replica holds are skipped."""
        ...

    async def save(
        self, *, reviews: Sequence[NextReview], decisions: Sequence[StoredDecision]
    ) -> None:
        """States and when they are looked at next; decisions with all they rest on."""
        ...


class UsedStore(Protocol):
    """What accounts used, paid and signed of late."""

    async def last_topups(self, account_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Micro-units of the last one; nothing of those who paid nothing yet."""
        ...

    async def day_costs(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, int]:
        """What a day has cost of late, in micro-units; nothing where nothing was charged."""
        ...

    async def forecasts(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, KeptForecast]:
        """What was forecast of late; nothing of those of whom nothing is known."""
        ...

    async def used_wh(
        self, account_ids: Collection[UUID], *, first: date, end: date
    ) -> Mapping[UUID, int]:
        """Over the local days [``first``, ``end``); nothing of those of whom nothing is known."""
        ...

    async def prepaid_since(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, datetime]:
        """Since when they have been prepaid without a break; nothing of those who are not."""
        ...


class PayUrls(Protocol):
    """How to pay stands in what asks for money."""

    async def __call__(
        self, unit: HasPayLinks, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, str]:
        """A link of each account's own; nothing of those that nobody can pay to by one."""
        ...


class HasSupply(
    HasRelays,
    HasCommandKeys,
    HasPolicies,
    HasGrounds,
    HasBreakers,
    HasConditions,
    HasEmergencyCredits,
    HasReconnections,
    HasSiteCodes,
    HasPayLinks,
    Protocol,
):
    """A transaction that decides supply."""

    supply: SupplyStore
    used: UsedStore


class Unit(HasSupply, Publishes, Protocol):
    """A transaction in which supply is decided, and commands and warnings go out."""


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
"""Begins such a transaction; it commits at the end, and does not where anything raises."""
