"""How far a reconnection is, whether it is late, and whether energy flows again. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.reconnections.values import (
    LOAD_AWAITED,
    Duration,
    NewReconnection,
    Reconnection,
    Register,
)
from prewatt_common.contracts.base import CommandStatus, RelayState
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage

CLOCK_BORNE = timedelta(minutes=5)
"""A meter's clock may be off by as much from ours."""
SUPPLIED_MV = 90_000
"""As much behind a relay is a supply: the lowest nominal voltage of IEC 60038 from line to neutral
is 100 V, and supplies may be a tenth below theirs (EN 50160)."""
_FIELDS = {
    ReconnectionStage.SENT: "sent_at",
    ReconnectionStage.ANSWERED: "answered_at",
    ReconnectionStage.ARMED: "armed_at",
    ReconnectionStage.CLOSED: "closed_at",
    ReconnectionStage.LOAD: "load_at",
}
"""In the order in which they are reached; some may be passed unseen."""
_OF_RELAY: Mapping[RelayState | None, ReconnectionStage] = {
    RelayState.CLOSED: ReconnectionStage.CLOSED,
    RelayState.ARMED: ReconnectionStage.ARMED,
}
_OF_STATUS: Mapping[CommandStatus | None, ReconnectionStage] = {
    CommandStatus.SENT: ReconnectionStage.SENT,
    CommandStatus.ACKNOWLEDGED: ReconnectionStage.ANSWERED,
    CommandStatus.FAILED: ReconnectionStage.ANSWERED,
    CommandStatus.REJECTED: ReconnectionStage.ANSWERED,
}


def begun(new: NewReconnection, *, id_: UUID) -> Reconnection:
    """A reconnection as it begins. What caused it may be dated by another clock: it is never later
    than the command."""
    caused_at = min(new.caused_at, new.issued_at)
    return Reconnection(
        id=id_,
        account_id=new.account_id,
        meter_id=new.meter_id,
        cause=new.cause,
        caused_at=caused_at,
        issued_at=new.issued_at,
        opened_at=new.opened_at,
        lifts_limit=new.lifts_limit,
        load_within=new.sla.load_within,
        credit_micro=new.sla.credit_micro,
        deadline_at=caused_at + new.sla.close_within,
    )


def stage_of_news(
    *, status: CommandStatus | None, relay: RelayState | None
) -> ReconnectionStage | None:
    """How far the progress of its command brings a reconnection, or a report of the meter
    (``status``: none); none: no further. That the relay is closed or armed is said by the relay as
    read back alone."""
    return _OF_RELAY.get(relay) or _OF_STATUS.get(status)


def stage_of(of: Reconnection) -> ReconnectionStage:
    """The furthest stage that it was seen in."""
    for stage, name in reversed(_FIELDS.items()):
        if getattr(of, name) is not None:
            return stage
    return ReconnectionStage.ISSUED


def reached(of: Reconnection, stage: ReconnectionStage, at: datetime) -> Reconnection:
    """With ``stage`` reached. What was reached before holds: a stage that comes again, or that is
    passed already, changes nothing. ``at`` may be dated by another clock: nothing comes before the
    command."""
    order = list(ReconnectionStage)
    if not of.is_open or order.index(stage) <= order.index(stage_of(of)):
        return of
    at = max(at, of.issued_at)
    of = replace(of, **{_FIELDS[stage]: at})
    match stage:
        case ReconnectionStage.ARMED:
            # From now on it is the customer's.
            return replace(of, deadline_at=None)
        case ReconnectionStage.CLOSED:
            load_within = None if of.lifts_limit else of.load_within
            return replace(of, deadline_at=None if load_within is None else at + load_within)
        case ReconnectionStage.LOAD:
            # What takes energy is closed, whether or not the meter's answer came.
            closed_at = of.closed_at or at
            return replace(of, closed_at=closed_at, deadline_at=None, done_at=at)
        case _:
            return of


def supersede(of: Reconnection, at: datetime) -> Reconnection:
    """The relay is to be open again, or the meter serves somebody else."""
    return replace(of, superseded_at=at, deadline_at=None) if of.is_open else of


def given_way(of: Reconnection, at: datetime) -> Reconnection:
    """As it ends where another one of its meter begins. Was the relay closed, this one came to its
    end, though nobody used anything: it is open again for another cause."""
    if of.is_open and of.closed_at is not None:
        return replace(of, done_at=at, deadline_at=None)
    return supersede(of, at)


def is_overdue(of: Reconnection, now: datetime) -> bool:
    """It is late, and nobody has said so yet."""
    if not of.is_open or of.breached_at is not None or of.deadline_at is None:
        return False
    return of.deadline_at <= now


def breached(of: Reconnection, now: datetime, *, journal_id: int | None) -> Reconnection:
    """It is late, once and for all, and stuck in that stage."""
    return replace(of, breached_at=now, breach_stage=stage_of(of), journal_id=journal_id)


def with_register(of: Reconnection, last: Register) -> Reconnection:
    """What the meter's last reading says. Load is a register that rose between two readings that
    were taken when the relay was no longer closed from before: the first one seen is the base."""
    if not of.is_open or of.lifts_limit or last.at <= _readings_from(of):
        return of
    if of.base is None or last.wh < of.base.wh:
        # A register that fell is another device's, or began again.
        return replace(of, base=last)
    if last.at <= of.base.at:
        return of
    if last.wh == of.base.wh:
        # Later only, so that this reading is not looked at again.
        return replace(of, base=last)
    return reached(of, ReconnectionStage.LOAD, last.at)


def _readings_from(of: Reconnection) -> datetime:
    """By the meter's clock the relay may still be closed from before the cut."""
    if of.opened_at is None:
        return of.issued_at
    return max(of.issued_at, of.opened_at + CLOCK_BORNE)


def without_load(of: Reconnection, now: datetime) -> Reconnection:
    """Done where it was closed so long ago that nothing more is waited for, or a limit lifted."""
    if not of.is_open or of.closed_at is None:
        return of
    if not of.lifts_limit and of.closed_at + LOAD_AWAITED > now:
        return of
    return replace(of, done_at=now, deadline_at=None)


def durations(of: Reconnection) -> Mapping[Duration, timedelta]:
    """How long it took, as far as it came."""
    found = {Duration.CAUSED_ISSUED: of.issued_at - of.caused_at}
    if of.armed_at is not None:
        found[Duration.ISSUED_ARMED] = of.armed_at - of.issued_at
        found[Duration.CAUSED_ARMED] = of.armed_at - of.caused_at
    elif of.closed_at is not None:
        found[Duration.ISSUED_CLOSED] = of.closed_at - of.issued_at
        found[Duration.CAUSED_CLOSED] = of.closed_at - of.caused_at
    if of.closed_at is not None and of.load_at is not None:
        found[Duration.CLOSED_LOAD] = max(timedelta(0), of.load_at - of.closed_at)
    return found
