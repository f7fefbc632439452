"""The ledger's facts as billing keeps them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owes. ``number`` is the account number people know."""

    id: UUID
    number: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTariff:
    """A tariff version as canonical JSON."""

    code: str
    valid_from: date
    document: str
    published_at: datetime
    correction: int = 0
    """Of the corrections of the tariff the one that made it; 0: it was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An account is charged by a tariff from ``first_day`` up to, without, ``end_day``."""

    id: UUID
    revision: int
    account_id: UUID
    tariff_code: str
    first_day: date
    end_day: date | None
    capacity_va: int | None = None
    contracted_w: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationFact:
    """An installation under its id. ``removed``: it never was."""

    id: UUID
    revision: int
    account_id: UUID
    installation: Installation
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFact:
    """What is known of a meter."""

    revision: int
    facts: MeterFacts
