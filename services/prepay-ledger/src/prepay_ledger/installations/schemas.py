"""Installations, meters, edits and readings that nobody pays for, over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from prepay_ledger.fields import InstantField, MeterIdField, RegisterField
from prewatt_common.http.fields import PRINTABLE, Reason

ShortText = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
Multiplier = Annotated[int, Field(ge=1, le=1_000_000)]
ModulusWh = Annotated[int, Field(ge=1, le=10**15)]
ResolutionWh = Annotated[int, Field(ge=0, le=10**12)]
Watts = Annotated[int, Field(gt=0, le=10**12)]


class InstallationIn(Reason):
    """A meter to serve the account after ``begins_at``. ``opening_wh``: its register then; without
    it the first reading opens. ``multiplier``: of current and voltage transformers. ``device``: the
    serial number, where several hang one after another under one meter id."""

    meter_id: MeterIdField
    begins_at: InstantField
    opening_wh: RegisterField | None = None
    multiplier: Multiplier = 1
    device: ShortText | None = None


class EndIn(Reason):
    """The meter ceases to serve its account at ``at``, where its register showed ``register_wh``
    (none: not read, the energy is split by time)."""

    at: InstantField
    register_wh: RegisterField | None = None


class MoveOutIn(EndIn):
    """As `EndIn`, and the meter serves ``next_account_id`` from then on."""

    next_account_id: UUID | None = None


class SwapIn(Reason):
    """Another device hangs under the meter's id from ``at`` on."""

    at: InstantField
    closing_wh: RegisterField | None = None
    opening_wh: RegisterField
    old_device: ShortText
    new_device: ShortText


class RegistersIn(Reason):
    """The registers at an installation's ends; none: not known."""

    opening_wh: RegisterField | None = None
    closing_wh: RegisterField | None = None


class InstallationOut(BaseModel, from_attributes=True):
    """A meter's service of an account as it stands, over (``begins_at``, ``ends_at``]."""

    id: UUID
    meter_id: str
    account_id: UUID
    begins_at: datetime
    ends_at: datetime | None
    opening_wh: int | None
    closing_wh: int | None
    multiplier: int
    device: str | None
    revision: int


class MeterIn(Reason):
    """What validation has to know of a meter. ``modulus_wh``: where its register begins again at 0;
    ``max_w``: the most that can flow on average, which all but households name."""

    household: bool = True
    serial_number: ShortText | None = None
    modulus_wh: ModulusWh | None = None
    resolution_wh: ResolutionWh = 0
    max_w: Watts | None = None
    supply_office: ShortText | None = None
    station_area: ShortText | None = None
    line: ShortText | None = None


class MeterOut(BaseModel, from_attributes=True):
    """What is known of a meter."""

    meter_id: str
    household: bool
    serial_number: str | None
    modulus_wh: int | None
    resolution_wh: int
    max_w: int | None
    supply_office: str | None
    station_area: str | None
    line: str | None
    revision: int


class EditIn(Reason):
    """What counts of the meter's readings at ``at``: ``set`` (this register), ``remove`` (none) or
    ``restore`` (as they came). ``our_fault``: the utility's own error was behind the wrong bill;
    what it adds to one is owed apart from the balance then, however new."""

    at: InstantField
    kind: Literal["set", "remove", "restore"]
    register_wh: RegisterField | None = None
    our_fault: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "set") != (self.register_wh is not None):
            message = "register_wh goes with kind set, and only with it"
            raise ValueError(message)
        return self


class EditOut(BaseModel, from_attributes=True):
    """An edit: of several of one instant the last counts."""

    id: UUID
    meter_id: str
    read_at: datetime
    kind: str
    register_wh: int | None
    decided_by: str
    reason: str
    our_fault: bool
    at: datetime


class UnboundOut(BaseModel, from_attributes=True):
    """Readings of a meter that no installation covers, for one reason: ``no_installation`` (the
    meter serves nobody), ``before_first_installation``, ``after_last_installation`` or
    ``between_installations``. Kept last at ``kept_at``."""

    reason: str
    readings: int
    first_read_at: datetime
    last_read_at: datetime
    kept_at: datetime


class UnboundMeterOut(BaseModel):
    """A meter with readings that nobody pays for, by reason."""

    meter_id: str
    unbound: list[UnboundOut]
