"""A procedure by law: what must have been done, and be proven, before a supply may be cut.

One document for a jurisdiction, a class of customers, and prepay or arrears. Utilities write it in
YAML or JSON, the ledger keeps it by versions, and every cut cites the one that it followed.
"""

import hashlib
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

import msgspec

from prewatt_common.zone_names import wrong_zone

STEPS_MAX = 30
PlainName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$")]
_DAY_MINUTES = 24 * 60
_LONGEST_DAYS = 400
CUT_LIST = "cut-list"
"""What a cut that waits for the day's list waits for."""
_CLOCK = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$"
ANY_CLASS = "any"
"""Customers for whose own class there is no procedure."""
NOTICE_TEMPLATES = ("low-balance", "balance-exhausted")
"""What the notifier sends by itself, and what its delivery is evidence of."""
DEMAND_TEMPLATES = ("payment-reminder",)
"""Likewise, and what asks to pay a statement that is overdue."""


class InvalidProcedure(ValueError):
    """The document is no procedure; the message names the place at fault."""


class Mode(StrEnum):
    """How the customer pays."""

    PREPAY = "prepay"
    ARREARS = "arrears"


class StepKind(StrEnum):
    """What a step is. All but the two waits need evidence."""

    WARNING_STATE = "warning_state"
    """A wait: the balance has been at or below the warning threshold for ``least``."""
    OVERDUE = "overdue"
    """A wait: the balance has been at or below the cut threshold for ``least``."""
    LOW_BALANCE_NOTICE = "low_balance_notice"
    """A notice of a low or exhausted balance was delivered; the notifier's counts by itself."""
    DEMAND = "demand"
    """The customer was asked to pay; a reminder that the notifier delivered, or somebody brought to
    the door, counts by itself in a form that the step accepts."""
    NOTICE = "notice"
    """The customer was told of the cut, with its time."""
    APPROVAL = "approval"
    """Somebody of ``approver_role`` approved the cut; the ticket is the reference."""
    SECOND_PERSON = "second_person"
    """Somebody else than who approved it in the step before agreed."""
    FILING = "filing"
    """It was filed with ``filed_with``."""
    CHECK = "check"
    """Somebody looked, and found nothing that forbids the cut."""


WAITS = frozenset({StepKind.WARNING_STATE, StepKind.OVERDUE})
APPROVALS = frozenset({StepKind.APPROVAL, StepKind.SECOND_PERSON})
SERVED = frozenset({StepKind.LOW_BALANCE_NOTICE, StepKind.DEMAND, StepKind.NOTICE})
"""What reaches the customer in a form of service."""


class Form(StrEnum):
    """How something reached the customer."""

    LETTER = "letter"
    REGISTERED_LETTER = "registered_letter"
    IN_PERSON = "in_person"
    POSTED_AT_PREMISES = "posted_at_premises"
    PHONE = "phone"
    SMS = "sms"
    VOICE = "voice"
    """A call of the notifier's that somebody answered."""
    EMAIL = "email"
    APP = "app"
    LOG = "log"
    """The notifier's own log: nobody was reached. A substitute only where a procedure states it."""


class Hindrance(StrEnum):
    """What forbids a cut as long as it stands, whatever was done."""

    PAID_UNDER_PROTEST = "paid_under_protest"
    COMPLAINT_OPEN = "complaint_open"


class Lead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A time before the cut: one of these. ``days`` are of 24 hours; ``clear_days`` are whole local
    days between the day of the evidence and the day of the cut, neither of them counted."""

    minutes: Annotated[int, msgspec.Meta(ge=0, le=_LONGEST_DAYS * _DAY_MINUTES)] | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=_LONGEST_DAYS)] | None = None
    clear_days: Annotated[int, msgspec.Meta(ge=1, le=_LONGEST_DAYS)] | None = None

    def __post_init__(self) -> None:
        given = (self.minutes, self.days, self.clear_days)
        if sum(each is not None for each in given) != 1:
            message = "give one of minutes, days and clear_days"
            raise ValueError(message)

    @property
    def minutes_max(self) -> int:
        """How long it may be: of clear days the day before and the day after too, of 25 hours."""
        if self.clear_days is not None:
            return (self.clear_days + 1) * _DAY_MINUTES + 60
        return self.minutes or (self.days or 0) * _DAY_MINUTES


class Step(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A step, done in its order: evidence counts where it is not older than the step's before.

    ``least``: so long before the cut at least; ``most``: at most, after which it must be done
    again. ``only_classes``: customers of these alone; none: all.
    """

    name: PlainName
    kind: StepKind
    what: Line
    """In words, for whoever does it and for whoever asks why a cut waits."""
    least: Lead | None = None
    most: Lead | None = None
    forms: tuple[Form, ...] = ()
    approver_role: PlainName | None = None
    filed_with: Line | None = None
    only_classes: tuple[PlainName, ...] = ()

    def __post_init__(self) -> None:
        wrong = _wrong_step(self)
        if wrong:
            message = f"step {self.name}: {wrong}"
            raise ValueError(message)


class StaffedHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From ``begin`` up to ``end`` of a local day's clock, like 08:30 and 16:00."""

    begin: Annotated[str, msgspec.Meta(pattern=_CLOCK)]
    end: Annotated[str, msgspec.Meta(pattern=_CLOCK)]

    def __post_init__(self) -> None:
        if self.begin >= self.end:
            message = f"{self.begin} to {self.end} is no part of a day"
            raise ValueError(message)


class CutListTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cuts are made by a list of the day, drafted by one person and approved by another of
    ``approver_role``. It begins with its first ``canary`` accounts: the others follow once those
    are done. More than ``failed_max`` cuts that failed stop it. No more than ``per_hour`` go in an
    hour, and none outside ``staffed``: what the field and the call centre can bear."""

    approver_role: PlainName
    canary: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100
    failed_max: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    staffed: Annotated[tuple[StaffedHours, ...], msgspec.Meta(min_length=1, max_length=24)]

    def __post_init__(self) -> None:
        for before, after in pairwise(self.staffed):
            if before.end > after.begin:
                message = f"staffed hours that begin at {after.begin} overlap, or are out of order"
                raise ValueError(message)


class LawSource(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where a rule is written."""

    title: Line
    section: Line | None = None
    url: Line | None = None


class Procedure(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A procedure from a local day on, until a later version of the same jurisdiction, class and
    mode begins."""

    jurisdiction: PlainName
    customer_class: PlainName
    """``any``: customers for whose own class there is none."""
    mode: Mode
    valid_from: date
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    title: Line
    verified: bool
    """Whether the utility has compared it with the law. One that is not is never published."""
    sources: Annotated[tuple[LawSource, ...], msgspec.Meta(max_length=STEPS_MAX)] = ()
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=STEPS_MAX)] = ()
    hindrances: tuple[Hindrance, ...] = ()
    cut_list: CutListTerms | None = None
    """None: each cut is made as it falls due."""

    def __post_init__(self) -> None:
        wrong = _wrong_procedure(self)
        if wrong:
            raise ValueError(wrong)


def procedure_of(document: object) -> Procedure:
    """The procedure in a parsed document. Raises `InvalidProcedure`."""
    try:
        return msgspec.convert(document, Procedure, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidProcedure(str(error)) from error


def document_of(procedure: Procedure) -> dict[str, Any]:
    """What `procedure_of` reads: JSON types only, without what has its default."""
    return msgspec.to_builtins(procedure)


def canonical(procedure: Procedure) -> bytes:
    """The same bytes for the same procedure: what is kept and hashed."""
    return msgspec.json.encode(procedure, order="sorted")


def sha256_of(procedure: Procedure) -> str:
    """Of its canonical bytes, in hexadecimal digits."""
    return hashlib.sha256(canonical(procedure)).hexdigest()


def _wrong_step(step: Step) -> str | None:  # noqa: PLR0911 - one contradiction a line
    if step.kind in WAITS and step.least is None:
        return "a wait needs `least`: for how long"
    if step.kind in WAITS and step.most is not None:
        return "a wait does not age, so it has no `most`"
    if step.kind in APPROVALS and step.least is not None:
        return "an approval counts at once, so it has no `least`"
    if step.most is not None and step.most.clear_days is not None:
        return "`most` is in minutes or days: clear days only bound from below"
    if step.least and step.most and step.most.minutes_max < step.least.minutes_max:
        return "nothing is at least as old as `least` and no older than `most`"
    if bool(step.forms) != (step.kind in SERVED):
        served = ", ".join(sorted(SERVED))
        return f"`forms` say how it may reach the customer: {served} need them, others have none"
    if (step.approver_role is not None) != (step.kind in APPROVALS):
        return "`approver_role` says who may approve: approvals need it, others have none"
    if (step.filed_with is not None) != (step.kind is StepKind.FILING):
        return "`filed_with` says with whom: filings need it, others have none"
    return None


def _wrong_procedure(procedure: Procedure) -> str | None:
    names = [step.name for step in procedure.steps]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"two steps are named {', '.join(twice)}"
    taken = sorted({*names} & {*NOTICE_TEMPLATES, *DEMAND_TEMPLATES, *Hindrance, CUT_LIST})
    if taken:
        return f"{', '.join(taken)} is the name of something else: name the step otherwise"
    before: Step | None = None
    for step in procedure.steps:
        alone = before is None or before.kind is not StepKind.APPROVAL
        if step.kind is StepKind.SECOND_PERSON and (
            alone or (before is not None and before.only_classes != step.only_classes)
        ):
            return (
                f"step {step.name}: the second person's step follows the approval's, for the same"
            )
        before = step
    return wrong_zone(procedure.timezone)
