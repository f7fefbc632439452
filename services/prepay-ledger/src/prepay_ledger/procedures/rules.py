"""What is missing of a procedure before a cut, and until when nothing is: pure."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from prepay_ledger.procedures.values import (
    Evidence,
    EvidenceKind,
    MissingStep,
    Shortfall,
    Why,
    calendar_of,
)
from prewatt_common.contracts.procedure_v1 import (
    DEMAND_TEMPLATES,
    NOTICE_TEMPLATES,
    SERVED,
    WAITS,
    Lead,
    Procedure,
    Step,
    StepKind,
)
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar

_DAY = timedelta(days=1)
_FROM_THE_WARNING = frozenset({StepKind.WARNING_STATE, StepKind.LOW_BALANCE_NOTICE})
"""What is about a balance that is low; all others are about one that is exhausted."""


def missing_steps(
    procedure: Procedure,
    *,
    customer_class: str,
    evidence: Sequence[Evidence],
    short: Shortfall,
    now: datetime,
) -> tuple[MissingStep, ...]:
    """What forbids a cut at ``now``, hindrances first, then steps in their order; empty: nothing.

    ``evidence``: of the account, in any order, without what was taken back. A step's evidence
    counts from its ``least`` to its ``most`` after it, of this shortfall alone, and not from before
    the evidence of the step ahead of it: of several the earliest that counts is taken, which leaves
    most room to the steps behind it, and is ready first. What was said before it is known to have
    arrived is judged by both: by the first for what is too early or too old, by the second for the
    time that must pass.
    """
    if not procedure.steps and not procedure.hindrances:
        return ()
    calendar = calendar_of(procedure.timezone)
    missing = _hindrances(procedure, evidence, now)
    before: datetime | None = None
    approvals: Sequence[Evidence] = ()
    is_stopped = False
    for step in steps_of(procedure, customer_class):
        begin = short.low_since if step.kind in _FROM_THE_WARNING else short.exhausted_since
        if step.kind in WAITS:
            ready = end_of(begin, step.least, calendar)
            if ready > now:
                missing.append(_missing(step, Why.TOO_EARLY, ready))
            before = ready if before is None else max(before, ready)
            continue
        if is_stopped:
            missing.append(_missing(step, Why.STEP_BEFORE_MISSING, None))
            continue
        since = begin if before is None else max(begin, before)
        found = [
            each
            for each in evidence
            if proves(step, each) and since <= each.began_at and each.at <= now
        ]
        if step.kind is StepKind.SECOND_PERSON:
            found = [each for each in found if _by_another(each, approvals)]
        fresh = sorted(
            (each for each in found if not _is_too_old(step, each, calendar, now)),
            key=lambda each: each.at,
        )
        approvals = fresh
        if not fresh:
            missing.append(_missing(step, Why.TOO_OLD if found else Why.NOT_DONE, None))
            is_stopped = True
            continue
        before = fresh[0].at
        ready = end_of(before, step.least, calendar)
        if ready > now:
            missing.append(_missing(step, Why.TOO_EARLY, ready))
    return tuple(missing)


def cut_not_after(
    procedure: Procedure,
    *,
    customer_class: str,
    evidence: Sequence[Evidence],
    short: Shortfall,
    now: datetime,
) -> datetime | None:
    """Where nothing is missing at ``now``: the first instant at which something is again, as it has
    become too old; none: it never does."""
    calendar = calendar_of(procedure.timezone)
    ends = {
        end_of(each.began_at, step.most, calendar)
        for step in steps_of(procedure, customer_class)
        if step.most is not None
        for each in evidence
        if proves(step, each)
    }
    for end in sorted(ends):
        if end > now and missing_steps(
            procedure, customer_class=customer_class, evidence=evidence, short=short, now=end
        ):
            return end
    return None


def steps_of(procedure: Procedure, customer_class: str) -> list[Step]:
    """Those that customers of the class are owed."""
    return [
        step
        for step in procedure.steps
        if not step.only_classes or customer_class in step.only_classes
    ]


_NOTICES = {
    StepKind.LOW_BALANCE_NOTICE: NOTICE_TEMPLATES,
    StepKind.DEMAND: DEMAND_TEMPLATES,
}


def proves(step: Step, evidence: Evidence) -> bool:
    """Whether it is evidence of the step at all, in a form or from a role that the step accepts."""
    match evidence.kind:
        case EvidenceKind.STEP:
            is_its = evidence.name == step.name
        case EvidenceKind.NOTICE:
            is_its = evidence.name in _NOTICES.get(step.kind, ())
        case EvidenceKind.HINDRANCE:
            return False
    if step.kind in SERVED:
        return is_its and evidence.form in step.forms
    return is_its and (step.approver_role is None or evidence.role == step.approver_role)


def end_of(at: datetime, lead: Lead | None, calendar: LocalCalendar) -> datetime:
    """The first instant at which the time is over; of clear days the begin of the local day after
    the last of them."""
    if lead is None:
        return at
    if lead.clear_days is not None:
        day = calendar.day_of(us_of(at)) + (lead.clear_days + 1) * _DAY
        return instant_of(calendar.first_instant_us(day))
    return at + timedelta(minutes=lead.minutes or 0, days=lead.days or 0)


def _hindrances(
    procedure: Procedure, evidence: Collection[Evidence], now: datetime
) -> list[MissingStep]:
    standing = {
        each.name for each in evidence if each.kind is EvidenceKind.HINDRANCE and each.at <= now
    }
    return [
        MissingStep(name=each, kind=None, why=Why.FORBIDDEN, earliest=None)
        for each in procedure.hindrances
        if each in standing
    ]


def _is_too_old(step: Step, evidence: Evidence, calendar: LocalCalendar, now: datetime) -> bool:
    return step.most is not None and end_of(evidence.began_at, step.most, calendar) <= now


def _by_another(second: Evidence, approvals: Sequence[Evidence]) -> bool:
    return any(each.by != second.by and each.at <= second.at for each in approvals)


def _missing(step: Step, why: Why, earliest: datetime | None) -> MissingStep:
    return MissingStep(name=step.name, kind=step.kind, why=why, earliest=earliest)
