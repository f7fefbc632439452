"""Policy versions and their drafts, protected periods, protections of single accounts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from prepay_ledger.facts.values import Decided, DraftState
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind
from prewatt_common.contracts.supply_policy_v1 import SupplyPolicy


class HoldReason(StrEnum):
    """Why the calendar holds a cut."""

    FRIENDLY_HOURS = "friendly_hours"
    DAY_OFF = "day_off"
    """A weekday, or such as every second Saturday of the month."""
    PUBLIC_HOLIDAY = "public_holiday"
    BEFORE_HOLIDAY = "before_holiday"
    PROTECTED_PERIOD = "protected_period"


@dataclass(frozen=True, slots=True)
class CalendarHold:
    """No cut now, and, as far as this reason goes, not before ``until`` (UTC, not included).

    ``name``: of a protected period; else empty.
    """

    reason: HoldReason
    until: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """Where meters hang, by name; a name is one of its level."""

    level: AreaLevel
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedPeriod:
    """Nobody of the area (none: nobody) is cut over [``begins_at``, ``ends_at``), such as while a
    heat warning lasts. ``revision`` counts how often it was decided about."""

    id: UUID
    kind: PeriodKind
    name: str
    area: Area | None
    begins_at: datetime
    ends_at: datetime
    decided: Decided
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """An account may not be cut over [``begins_at``, ``ends_at``).

    ``kind`` is one that the policy names. ``papers``: who filed them where, under which number; no
    diagnosis. ``revision`` counts how often it was decided about.
    """

    id: UUID
    account_id: UUID
    kind: str
    papers: str
    begins_at: datetime
    ends_at: datetime
    decided: Decided
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account is protected now: by which kinds, in order (none: it is not), and when that
    changes next, as far as it is decided: one begins or ends."""

    kinds: tuple[str, ...]
    changes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDraft:
    """A document that a person wants to hold from ``effective_from`` on (none: from the moment at
    which it is published).

    ``number``: of the version that it became. ``decided``: who published or withdrew it, and why.
    """

    id: UUID
    document: SupplyPolicy
    effective_from: datetime | None
    drafted: Decided
    state: DraftState = DraftState.DRAFTED
    number: int | None = None
    decided: Decided | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A document that was published, once and for all.

    ``number``: 1, 2, ... in the order of publishing; 0 is built in, and was drafted by nobody.
    ``sha256``: of the document's canonical bytes. It holds from ``effective_from`` on until another
    one does (`PolicyBook`).
    """

    id: UUID
    number: int
    document: SupplyPolicy
    sha256: str
    effective_from: datetime
    drafted: Decided
    published: Decided
