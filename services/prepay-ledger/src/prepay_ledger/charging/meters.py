"""What charging knows of a meter: where it serves, its readings, its open day, its use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from prepay_ledger.tariffs.book import BookKey
from prewatt_metering.calendar.instants import utc_day_us
from prewatt_metering.rating.part import Enterprise
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.periods import Period
from prewatt_metering.usage.days import DayUsage
from prewatt_metering.usage.open_day import OpenDay
from prewatt_metering.vee.edit import Edit
from prewatt_metering.vee.findings import Finding
from prewatt_metering.vee.steps import StepRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An account is charged by a tariff on the local days from ``first_day`` up to, without,
    ``end_day`` (none: still)."""

    id: UUID
    account_id: UUID
    tariff_code: str
    first_day: date
    end_day: date | None = None
    enterprise: Enterprise = field(default_factory=Enterprise)
    corrections: int = 0
    """How many of its tariff's corrections it is charged by."""

    @property
    def book(self) -> BookKey:
        """The book of versions that it is charged by."""
        return self.tariff_code, self.corrections

    def covers(self, day: date) -> bool:
        """Whether it holds on the local day."""
        return self.first_day <= day and (self.end_day is None or day < self.end_day)

    def served_until(self, end: date) -> Period | None:
        """Its days before ``end``; none where there is none."""
        last = end if self.end_day is None else min(end, self.end_day)
        return Period(self.first_day, last) if self.first_day < last else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A meter's installation at an account, by its id."""

    id: UUID
    account_id: UUID
    installation: Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMeter:
    """Where a meter stands whose next reading most likely takes the fast path."""

    installation_id: UUID
    agreement_id: UUID
    rule: StepRule
    day: OpenDay


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRow:
    """`OpenMeter` as it is stored: what follows from agreement, day and tariff is left out, and
    ``book`` is the agreement's."""

    installation_id: UUID
    agreement_id: UUID
    book: BookKey
    open_day: date
    since_us: int
    quiet_from_us: int
    served_until_us: int
    last_at_us: int
    last_wh: int
    piece_wh: tuple[int, ...]
    rule: StepRule


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRow:
    """A meter's state as read. ``version`` 0: it has none yet. ``day``: the posting day on which
    the readings came that lie in the row."""

    meter_id: str
    version: int
    day: date | None
    open: OpenRow | None
    is_estimated: bool = False
    """Whether what it used since its last trusted reading is charged by estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTerms:
    """What people told of a meter. ``agreements``: by account that it serves or served."""

    facts: MeterFacts
    installed: Sequence[Installed]
    agreements: Mapping[UUID, Sequence[Agreement]]
    edits: Sequence[Edit]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterHistory(MeterTerms):
    """All that is known of a meter, for the slow path.

    ``readings`` as they came, the same one once. ``use``: what the meter's energy at each agreement
    is kept as, the open day's apart.
    """

    meter_id: str
    readings: Sequence[Reading]
    use: Mapping[UUID, DayUsage]
    """By agreement."""
    left_since: date | None = None
    """Some that came on this posting day or later have left the database, and are not among the
    readings (room `retention`); none: all are there."""
    complete_from_us: int | None = None
    """Where some have left, all that were read at this instant or later are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedMeter:
    """What the set of a meter's readings comes to. ``use`` has all days by agreement, the open
    day's too."""

    use: Mapping[UUID, DayUsage]
    open: OpenMeter | None
    last_read_us: Mapping[UUID, int]
    """The latest trusted reading, by agreement."""
    findings: Sequence[Finding]
    uncovered: Sequence[Reading]
    """Readings that no installation covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterChange:
    """A meter after some readings: what is to be stored. ``kept``: days of use that ended, or that
    were derived anew and have changed, by agreement."""

    row: MeterRow
    new_readings: Sequence[Reading]
    open: OpenMeter | None
    kept: Mapping[UUID, DayUsage]
    dropped: Mapping[UUID, DayUsage] = field(default_factory=dict[UUID, DayUsage])
    """Kept days of use that are no more."""
    findings: Sequence[Finding] | None = None
    """None: as they are."""
    uncovered: Sequence[Reading] | None = None
    since_us: int | None = None
    """Findings and uncovered readings up to this instant stay as they are (none: there are no
    others than these)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseChange:
    """By how much a meter's energy at an agreement has changed, and its latest trusted reading."""

    agreement_id: UUID
    delta: DayUsage
    last_read_us: int | None


def packed_base_us(day: date) -> int:
    """What the readings that came on a posting day are packed against: its midnight in UTC."""
    return utc_day_us(day)


def sum_of_use(a: DayUsage, b: DayUsage) -> DayUsage:
    """Both together."""
    total = dict(a)
    for key, wh in b.items():
        total[key] = total.get(key, 0) + wh
    return total


def later_us(a: int | None, b: int | None) -> int | None:
    """The later instant; none where neither is known."""
    return b if a is None else a if b is None else max(a, b)
