"""The ledger's facts as billing keeps them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from prewatt_common.contracts.ledger_facts_v1 import EditKind

HOUSEHOLD_MAX_W = 69_000


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
class Installation:
    """A meter at an account: energy of (``from_us``, ``to_us``] is the account's (none: still).

    ``opening_wh`` is the register at ``from_us``, ``closing_wh`` that at ``to_us``, where somebody
    read them. ``multiplier``: how many Wh at the point of supply one Wh of the register is.
    ``device``: its serial number, where several hang one after another under one meter id.
    """

    meter: str
    account_id: UUID
    from_us: int
    to_us: int | None
    opening_wh: int | None
    closing_wh: int | None
    multiplier: int = 1
    device: str | None = None

    def covers(self, at_us: int) -> bool:
        """Whether what was counted up to ``at_us`` is of this installation."""
        return self.from_us < at_us and (self.to_us is None or at_us <= self.to_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationFact:
    """An installation under its id. ``removed``: it never was."""

    id: UUID
    revision: int
    installation: Installation
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFacts:
    """What bounds the steps of a meter's register: where it begins again at 0 (none: not known),
    the least that it shows, and the highest average power at the point of supply (none: a
    household's)."""

    meter: str
    household: bool = True
    modulus_wh: int | None = None
    resolution_wh: int = 0
    max_w: int | None = None

    @property
    def limit_w(self) -> int:
        """The highest average power at the point of supply, in W."""
        return HOUSEHOLD_MAX_W if self.max_w is None else self.max_w


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFact:
    """What is known of a meter, and in which areas it hangs (none: not registered)."""

    revision: int
    facts: MeterFacts
    supply_office: str | None = None
    station_area: str | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a person decided about the readings of a meter at an instant: that this register counts
    (set), that none does (remove), that what came does (restore)."""

    id: UUID
    meter: str
    at_us: int
    kind: EditKind
    register_wh: int | None
    by: str
    reason: str
    decided_us: int
