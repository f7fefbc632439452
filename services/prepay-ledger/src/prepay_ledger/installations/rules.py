"""What decisions about meters must hold to, and the events that tell of them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.values import (
    InstalledMeter,
    Meter,
    ReadingEdit,
    installed_meter,
)
from prewatt_common.contracts.ledger_facts_v1 import (
    EditKind,
    InstallationSet,
    MeterRegistered,
    ReadingEdited,
)
from prewatt_common.refusals import Refusal
from prewatt_metering.registers.changes import InstallationChange
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts

_AHEAD_BORNE = timedelta(minutes=5)
"""How far the clock of whoever tells us of a register may be ahead of ours."""


class InstallationRefused(Refusal):
    """The decision does not fit what is known: the message says what to change."""

    kind = "installation-refused"


class UnknownInstallation(Refusal):
    """There is no such installation."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-installation"


class UnknownMeter(Refusal):
    """Nothing is known of such a meter."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-meter"


def installation_event(
    installed: InstalledMeter, decided: Decided, *, removed: bool = False
) -> InstallationSet:
    """The event that tells how an installation stands."""
    return InstallationSet(
        installation_id=installed.id,
        revision=installed.revision,
        meter_id=installed.meter_id,
        account_id=installed.account_id,
        begins_at=installed.begins_at,
        ends_at=installed.ends_at,
        opening_wh=installed.opening_wh,
        closing_wh=installed.closing_wh,
        multiplier=installed.multiplier,
        device=installed.device,
        removed=removed,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )


def meter_event(meter: Meter, decided: Decided) -> MeterRegistered:
    """The event that tells what is known of a meter."""
    return MeterRegistered(
        meter_id=meter.meter_id,
        revision=meter.revision,
        household=meter.household,
        serial_number=meter.serial_number,
        modulus_wh=meter.modulus_wh,
        resolution_wh=meter.resolution_wh,
        max_w=meter.max_w,
        supply_office=meter.supply_office,
        station_area=meter.station_area,
        line=meter.line,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )


def edit_event(edit: ReadingEdit) -> ReadingEdited:
    """The event that tells of an edit."""
    return ReadingEdited(
        edit_id=edit.id,
        meter_id=edit.meter_id,
        read_at=edit.read_at,
        kind=EditKind(edit.kind),
        register_wh=edit.register_wh,
        by=edit.decided_by,
        reason=edit.reason,
        at=edit.at,
        our_fault=edit.our_fault,
    )


def check_meter(meter: Meter) -> None:
    """Raises `InstallationRefused` where the facts contradict themselves."""
    try:
        MeterFacts(
            meter=meter.meter_id,
            household=meter.household,
            serial_number=meter.serial_number,
            modulus_wh=meter.modulus_wh,
            resolution_wh=meter.resolution_wh,
            max_w=meter.max_w,
        )
    except ValueError as error:
        raise InstallationRefused(str(error)) from error


def check_installation(new: InstalledMeter, known: Sequence[InstalledMeter]) -> None:
    """Raises `InstallationRefused` where the meter serves somebody else in that time."""
    try:
        new.installation()
    except ValueError as error:
        raise InstallationRefused(str(error)) from error
    for other in known:
        before = other.ends_at is not None and other.ends_at <= new.begins_at
        after = new.ends_at is not None and new.ends_at <= other.begins_at
        if not (before or after):
            message = (
                f"meter {new.meter_id} serves account {other.account_id} from "
                f"{other.begins_at.isoformat()}; end that installation first (move-out)"
            )
            raise InstallationRefused(message)


def check_read(at: datetime, register_wh: int | None, *, now: datetime) -> None:
    """Raises `InstallationRefused` for a register that somebody will have read: what is to come is
    charged when it has come."""
    if register_wh is not None and at > now + _AHEAD_BORNE:
        message = (
            f"a register of {at.isoformat()} cannot have been read by {now.isoformat()}; leave it "
            "out, or say it when it was read"
        )
        raise InstallationRefused(message)


def check_registers(installed: InstalledMeter, *, now: datetime) -> None:
    """Raises `InstallationRefused` for a register at its ends that is still to come."""
    check_read(installed.begins_at, installed.opening_wh, now=now)
    if installed.ends_at is not None:
        check_read(installed.ends_at, installed.closing_wh, now=now)


def open_one(known: Sequence[InstalledMeter], meter_id: str) -> InstalledMeter:
    """The meter's installation that lasts. Raises `InstallationRefused` where it serves nobody."""
    for each in known:
        if each.ends_at is None:
            return each
    message = f"meter {meter_id} serves no account"
    raise InstallationRefused(message)


def changed_rows(
    known: Sequence[InstalledMeter], change: InstallationChange, *, new_id: Callable[[], UUID]
) -> tuple[list[InstalledMeter], list[InstalledMeter]]:
    """The rows as they are now, and those that never were by now. Raises `InstallationRefused` for
    one that would last no time.

    What went and what came are the same installation where account and one end are the same.
    """
    rows = {each.installation(): each for each in known}
    gone = {installation: rows[installation] for installation in change.removed}
    now: list[InstalledMeter] = []
    new: list[Installation] = []
    for added in sorted(change.added, key=_beginning):
        same = next((each for each in gone if _is_same(each, added)), None)
        if same is None:
            new.append(added)
            continue
        row = gone.pop(same)
        now.append(installed_meter(added, installation_id=row.id, revision=row.revision + 1))
    now += [installed_meter(each, installation_id=new_id(), revision=1) for each in new]
    for each in now:
        if each.ends_at is not None and each.ends_at <= each.begins_at:
            message = (
                f"meter {each.meter_id} would serve account {each.account_id} for no time: it began"
                f" at {each.begins_at.isoformat()}; name a later instant"
            )
            raise InstallationRefused(message)
    return now, list(gone.values())


def _is_same(before: Installation, after: Installation) -> bool:
    return before.account == after.account and (
        before.from_us == after.from_us or before.to_us == after.to_us
    )


def _beginning(installation: Installation) -> int:
    return -1 if installation.from_us is None else installation.from_us
