"""Topic ``ledger.facts.v1``: what people decided and what stands for ever. It is kept for ever.

A fact that may be decided anew (an agreement, an installation, a meter) is told whole each time
with a ``revision``: of several the highest holds, whatever the order in which they came. ``by`` and
``reason`` say whose decision it was.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import (
    Currency,
    Event,
    Instant,
    MeterId,
    RegisterWh,
    Whole,
    Words,
)
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
TariffCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$", max_length=60)]
Revision = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class EditKind(StrEnum):
    """What an edit does with the readings of its instant."""

    SET = "set"
    REMOVE = "remove"
    RESTORE = "restore"


class AreaLevel(StrEnum):
    """What an area is: the levels that a meter is registered with."""

    SUPPLY_OFFICE = "supply_office"
    STATION_AREA = "station_area"
    LINE = "line"


class TariffPublished(Event, frozen=True, kw_only=True):
    """A tariff version, once and for all. Key: the tariff code."""

    ce_type: ClassVar[str] = "prewatt.ledger.tariff-published.v1"

    tariff_code: TariffCode
    valid_from: date
    currency: Currency
    document: Words
    """The version as canonical JSON; its schema is ``urn:prewatt:tariff:1``."""
    by: Words
    reason: Words
    at: Instant


class TariffCorrected(Event, frozen=True, kw_only=True):
    """A correction run was released: the document replaces the one of the version that is valid
    from that day. Key: the tariff code.

    Agreement by agreement is charged by it from now on; until `TariffCorrectionCompleted` says that
    all are, one may still be charged by the document before. Of several for one day the one with
    the highest ``correction`` holds, whatever the order in which they came.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.tariff-corrected.v1"

    run_id: UUID
    correction: Revision
    """Counts the corrections of the tariff."""
    tariff_code: TariffCode
    valid_from: date
    currency: Currency
    document: Words
    """The version as canonical JSON, as in `TariffPublished`."""
    drafted_by: Words
    drafted_reason: Words
    by: Words
    """Who released it."""
    reason: Words
    at: Instant
    our_fault: bool = False
    """The utility's own error: what it adds to a bill is owed apart, however new."""


class TariffCorrectionCompleted(Event, frozen=True, kw_only=True):
    """Every agreement of the tariff is charged by the correction. Key: the tariff code."""

    ce_type: ClassVar[str] = "prewatt.ledger.tariff-correction-completed.v1"

    run_id: UUID
    correction: Revision
    tariff_code: TariffCode
    at: Instant


class AgreementSet(Event, frozen=True, kw_only=True):
    """An account is charged by a tariff on local days from ``first_day`` up to, without,
    ``end_day`` (none: still). Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.agreement-set.v1"

    agreement_id: UUID
    revision: Revision
    account_id: UUID
    tariff_code: TariffCode
    first_day: date
    end_day: date | None
    capacity_va: Whole | None = None
    contracted_w: Whole | None = None
    by: Words
    reason: Words
    at: Instant


class MeterRegistered(Event, frozen=True, kw_only=True):
    """What is known of a meter: what validation needs, and where it hangs. Key: the meter."""

    ce_type: ClassVar[str] = "prewatt.ledger.meter-registered.v1"

    meter_id: MeterId
    revision: Revision
    household: bool
    serial_number: Words | None
    modulus_wh: Whole | None
    """Where the register begins again at 0; none: not known."""
    resolution_wh: Whole
    max_w: Whole | None
    """The highest average power at the point of supply; none: a household's 69 kW."""
    supply_office: Words | None
    station_area: Words | None
    line: Words | None
    by: Words
    reason: Words
    at: Instant


class InstallationSet(Event, frozen=True, kw_only=True):
    """A meter serves an account over (``begins_at``, ``ends_at``] (none: still). Key: the meter.

    The registers are those at both ends, where they were read. ``removed``: it never was.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.installation-set.v1"

    installation_id: UUID
    revision: Revision
    meter_id: MeterId
    account_id: UUID
    begins_at: Instant
    ends_at: Instant | None
    opening_wh: RegisterWh | None
    closing_wh: RegisterWh | None
    multiplier: Whole
    device: Words | None
    removed: bool
    by: Words
    reason: Words
    at: Instant


class ReadingEdited(Event, frozen=True, kw_only=True):
    """A person decided about the readings of a meter at ``read_at``. Key: the meter."""

    ce_type: ClassVar[str] = "prewatt.ledger.reading-edited.v1"

    edit_id: UUID
    meter_id: MeterId
    read_at: Instant
    kind: EditKind
    register_wh: RegisterWh | None
    by: Words
    reason: Words
    at: Instant
    """When it was decided: of several for one instant the last counts."""
    our_fault: bool = False
    """The utility's own error was behind the wrong bill."""


class EstimatesSet(Event, frozen=True, kw_only=True):
    """Whether and how the utility estimates what silent meters use. Key: ``estimates``.

    After ``after_days`` without a trusted reading, for ``longest_days`` of such a time at most;
    both none: nothing is estimated, as before the first of these facts.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.estimates-set.v1"

    revision: Revision
    after_days: Whole | None
    longest_days: Whole | None
    by: Words
    reason: Words
    at: Instant


class PolicyPublished(Event, frozen=True, kw_only=True):
    """A version of the supply policy, once and for all, by two people. Key: ``policies``.

    It holds from ``effective_from`` on; of several the one with the latest such instant, and of
    these the one with the highest ``number``.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.policy-published.v1"

    policy_id: UUID
    number: Revision
    effective_from: Instant
    document: Words
    """The version as canonical JSON; its schema is ``supply-policy.v1.json``."""
    sha256: Sha256
    """Of ``document``."""
    drafted_by: Words
    drafted_reason: Words
    by: Words
    reason: Words
    at: Instant


class ProtectionSet(Event, frozen=True, kw_only=True):
    """An account may not be cut over [``begins_at``, ``ends_at``). Key: the account.

    Its papers are not told here: what is on this topic stays for ever.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.protection-set.v1"

    protection_id: UUID
    revision: Revision
    account_id: UUID
    kind: Words
    begins_at: Instant
    ends_at: Instant
    by: Words
    reason: Words
    at: Instant


class ProtectedPeriodSet(Event, frozen=True, kw_only=True):
    """Nobody of an area is cut over [``begins_at``, ``ends_at``). Key: ``protected-periods``.

    ``area_level`` and ``area`` both none: nobody at all.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.protected-period-set.v1"

    period_id: UUID
    revision: Revision
    kind: PeriodKind
    name: Words
    area_level: AreaLevel | None
    area: Words | None
    begins_at: Instant
    ends_at: Instant
    by: Words
    reason: Words
    at: Instant


class CutScope(StrEnum):
    """By what accounts are counted and held together where cuts are held. The last three are areas
    (供电所, 台区, 线路), those of the meters that serve an account."""

    ALL = "all"
    TARIFF = "tariff"
    SUPPLY_OFFICE = "supply_office"
    STATION_AREA = "station_area"
    LINE = "line"


class CutHoldPlaced(Event, frozen=True, kw_only=True):
    """Nobody of the scope is cut until then, or until a person ends it; reconnections go on. Key:
    the hold's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.cut-hold-placed.v1"

    hold_id: UUID
    scope: CutScope
    name: str
    """Of the tariff or the area; empty for all accounts."""
    until: Instant | None
    by: Words
    reason: Words
    at: Instant


class CutHoldEnded(Event, frozen=True, kw_only=True):
    """A hold of cuts holds no more. Key: the hold's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.cut-hold-ended.v1"

    hold_id: UUID
    is_breaker: bool
    """The fleet breaker had made it, by a decision that no person took; else see
    `CutHoldPlaced`."""
    by: Words
    reason: Words
    at: Instant


class CutUndoReleased(Event, frozen=True, kw_only=True):
    """Cuts of the scope that were issued in [since, until) were a mistake: their accounts are
    reconnected, and kept on until `CutUndoEnded`. Key: the undo's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.cut-undo-released.v1"

    undo_id: UUID
    scope: CutScope
    name: str
    since: Instant
    until: Instant
    accounts: Whole
    drafted_by: Words
    drafted_reason: Words
    by: Words
    """Who released it."""
    reason: Words
    at: Instant


class CutUndoEnded(Event, frozen=True, kw_only=True):
    """What cut the accounts of an undo was put right: they are kept on no more. Key: the undo's
    id."""

    ce_type: ClassVar[str] = "prewatt.ledger.cut-undo-ended.v1"

    undo_id: UUID
    by: Words
    reason: Words
    at: Instant


class DaySealed(Event, frozen=True, kw_only=True):
    """A posting day of the ledger is closed. Whoever kept ``head`` can tell that nothing up to that
    day was written again. Key: ``seals``."""

    ce_type: ClassVar[str] = "prewatt.ledger.day-sealed.v1"

    day: date
    previous: Sha256
    """The head before it; 64 zeros for the first."""
    head: Sha256
    """SHA-256 of ``body``."""
    body: str
    """Canonical JSON: Merkle roots and counts of every table, sums by ledger account, offsets."""


class DebtPlanned(Event, frozen=True, kw_only=True):
    """A person agreed with a customer by which instalments, a month apart, or by which part of each
    top-up, what is left of a debt is paid off. Of several the latest holds. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.debt-planned.v1"

    debt_id: UUID
    account_id: UUID
    left_micro: Whole
    currency: Currency
    instalments: Whole | None
    first_due: date | None
    topup_share_ppm: Whole | None
    """In place of both: that part of each top-up pays it."""
    by: Words
    reason: Words
    at: Instant


class DebtPaused(Event, frozen=True, kw_only=True):
    """A person had nothing taken of what an account owes by a debt until a day, or from now on
    again. Of several the latest holds. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.debt-paused.v1"

    debt_id: UUID
    account_id: UUID
    until: date | None
    """From that day on it is paid again; null: from now on."""
    by: Words
    reason: Words
    at: Instant


class DebtWrittenOff(Event, frozen=True, kw_only=True):
    """Two people had something of a debt written off: nobody is asked for it any more. Key: the
    account."""

    ce_type: ClassVar[str] = "prewatt.ledger.debt-written-off.v1"

    write_off_id: UUID
    debt_id: UUID
    account_id: UUID
    amount_micro: Whole
    left_micro: Whole
    """What is still owed by the debt."""
    currency: Currency
    drafted_by: Words
    drafted_reason: Words
    by: Words
    reason: Words
    at: Instant
