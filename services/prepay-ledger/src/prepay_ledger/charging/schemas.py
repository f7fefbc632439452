"""Parked meters over HTTP."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.charging.values import ReleaseOutcome
from prepay_ledger.fields import InstantField
from prewatt_common.http.fields import Reason

CheckField = Annotated[str, Field(pattern=r"^VEE-\d{2}$")]
"""Of libs/metering/README.md."""


class ParkedMeterOut(BaseModel, from_attributes=True):
    """A meter whose readings are kept and not charged, since one of them raised ``error``: that of
    ``record`` (topic/partition/offset). ``readings`` wait by now. ``waits_for_exports``: it is no
    error, but its older readings have left; the ledger takes it up once it has read them."""

    meter_id: str
    since: datetime
    error: str
    record: str
    waits_for_exports: bool
    readings: int
    first_read_at: datetime | None
    last_read_at: datetime | None


class ReleasedOut(BaseModel):
    """The meter is charged again; so many readings had waited."""

    meter_id: str
    readings: int


class ReleaseStepOut(BaseModel, from_attributes=True):
    """Somebody had the readings of a parked meter taken again: ``released``, or ``still-odd`` with
    the error in ``detail``. ``since``, ``error`` and ``record`` say why it was parked; once ``day``
    is sealed, it and ``id`` prove the step."""

    id: int
    meter_id: str
    since: datetime
    error: str
    record: str
    who: str
    reason: str
    outcome: ReleaseOutcome
    detail: str
    readings: int
    at: datetime
    day: date


class LineOut(BaseModel, from_attributes=True):
    """One line of a charge. ``detail`` tells the lines of a component apart: a time-of-use name, a
    block's end in Wh. ``paid_by``: who bears a line that is taken off; none: the utility."""

    kind: str
    component: str
    detail: str
    quantity: int
    unit: str
    price_micro: int
    amount_micro: int
    paid_by: str | None


class EstimateOut(BaseModel, from_attributes=True):
    """What silent meters have probably used of the period, from the latest trusted reading of each
    up to ``until``, and what that would cost: in no total, and in no balance."""

    energy_wh: int
    total_micro: int
    until: datetime
    since: dict[str, datetime]


class PeriodOut(BaseModel):
    """What a period of an agreement has cost so far: local days from ``period_first`` up to,
    without, ``period_end``. Money: micro-units; energy: Wh."""

    agreement_id: UUID
    tariff_code: str
    period_first: date
    period_end: date
    standing_days: int
    energy_wh: int
    total_micro: int
    last_read_at: datetime | None
    estimated: EstimateOut | None
    lines: list[LineOut]


class FindingOut(BaseModel, from_attributes=True):
    """What a check noticed, at an instant or between two. ``before`` and ``after`` are the two
    values that disagree, in ``unit``; ``stops_cut``: nobody is cut for this meter until a person
    has looked."""

    check: str
    name: str
    severity: str
    begin: datetime
    end: datetime
    before: int | None
    after: int | None
    unit: str
    stops_cut: bool
    count: int


class UnseenFindingOut(FindingOut):
    """A finding that nobody has looked at, and the accounts in whose time it lies: with
    ``stops_cut`` none of these is cut until somebody has."""

    meter_id: str
    account_ids: list[UUID]


class DayOut(BaseModel, from_attributes=True):
    """Energy of a local day in one slot, in Wh at the point of supply."""

    day: date
    slot: str
    agreement_id: UUID
    wh: int


class SeenIn(Reason):
    """The finding that somebody has looked at, as it is listed."""

    check: CheckField
    begin: InstantField
    end: InstantField
    before: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    after: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
