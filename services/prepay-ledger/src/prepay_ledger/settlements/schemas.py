"""Settlements over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from prepay_ledger.fields import DayField
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlement_files.values import FileFormat, LineKind
from prepay_ledger.settlements.values import (
    Action,
    Difference,
    DifferenceKind,
    DifferenceView,
    FileView,
    Outcome,
    SettlementFile,
    State,
)
from prewatt_common.http.fields import PRINTABLE, Body, Reason

_ShortText = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]


class SettlementIn(Body):
    """A file as the provider gave it, of one of its days. ``mapping``: of CSV. ``reason``: why it
    takes the place of another file of that day."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "business_day": "2026-03-02",
                    "name": "2026-03-02.csv",
                    "content_base64": "aWQ7YW1vdW50O2ZlZQpwLTE7NTAsMDA7MCwzMAo=",
                    "mapping": {
                        "payment_id": "id",
                        "amount": "amount",
                        "fee": "fee",
                        "currency": "EUR",
                        "delimiter": ";",
                        "decimal": ",",
                    },
                }
            ]
        },
    )

    business_day: DayField
    name: _ShortText
    content_base64: Base64Bytes
    mapping: SettlementMapping | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)] | None = None


class DifferenceIn(Reason):
    """Why a difference is resolved so."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "ticket 4711: the webhook endpoint was down"}]},
    )


class SettlementFileOut(BaseModel, from_attributes=True):
    """A file that is kept. ``mapping``: of CSV, what of it was said. ``reason``: why it took the
    place of the revision before."""

    id: UUID
    provider: str
    business_day: date
    revision: int
    name: str
    format: FileFormat
    sha256_hex: str
    mapping: dict[str, Any] | None
    lines: int
    uploaded_by: str
    reason: str
    at: datetime

    @staticmethod
    def of(file: SettlementFile) -> "SettlementFileOut":
        """As it is shown."""
        return SettlementFileOut.model_validate(_shown(file))


class WholeSettlementFileOut(SettlementFileOut):
    """With how it compares. ``stands``: no later revision took its place. ``agreeing_lines``: those
    with no difference. ``unresolved``: how many differ still, by how. ``repeated``: the file was
    known before."""

    stands: bool
    agreeing_lines: int
    unresolved: dict[DifferenceKind, int]
    repeated: bool

    @staticmethod
    def of_view(view: FileView, *, repeated: bool = False) -> "WholeSettlementFileOut":
        """As it is shown."""
        return WholeSettlementFileOut.model_validate(
            _shown(view.file)
            | {
                "stands": view.stands,
                "agreeing_lines": view.file.lines - view.differing,
                "unresolved": dict(view.unresolved),
                "repeated": repeated,
            }
        )


class SettlementStepOut(BaseModel, from_attributes=True):
    """Who did what with a difference, and why."""

    action: Action
    who: str
    reason: str
    state_before: State
    at: datetime


class DifferenceOut(BaseModel, from_attributes=True):
    """A payment, refund or dispute that differs: what either side has. ``payment``: ours.
    ``business_day``: of the provider's file; of what is missing there, the day it came to us.
    ``reason``: why it was resolved so, or how it closed by itself."""

    id: UUID
    provider: str
    business_day: date
    difference: DifferenceKind
    kind: LineKind
    payment_id: str
    movement_id: str
    nth: int
    their_micro: int | None
    their_currency: str | None
    our_micro: int | None
    our_currency: str | None
    line_id: UUID | None
    payment: UUID | None
    state: State
    outcome: Outcome
    correction_micro: int
    reason: str
    found_at: datetime
    closed_at: datetime | None

    @staticmethod
    def of(difference: Difference) -> "DifferenceOut":
        """As it is shown."""
        return DifferenceOut.model_validate(_fields(difference))


class WholeDifferenceOut(DifferenceOut):
    """With what people did about it."""

    steps: list[SettlementStepOut]

    @staticmethod
    def of_view(view: DifferenceView) -> "WholeDifferenceOut":
        """As it is shown."""
        steps = [SettlementStepOut.model_validate(each) for each in view.steps]
        return WholeDifferenceOut.model_validate(_fields(view.difference) | {"steps": steps})


class OwedOut(BaseModel, from_attributes=True):
    """What a provider owes us in one currency (below zero: what we owe it), what it says it has
    sent to the bank and no statement has yet, and what it has kept as fees."""

    provider: str
    currency: str
    owed_micro: int
    in_transit_micro: int
    fees_micro: int


def _shown(file: SettlementFile) -> dict[str, Any]:
    fields = {name: getattr(file, name) for name in file.__dataclass_fields__}
    return fields | {"sha256_hex": file.sha256.hex()}


def _fields(difference: Difference) -> dict[str, Any]:
    own = {name: getattr(difference, name) for name in difference.__dataclass_fields__}
    found = difference.finding
    return own | {name: getattr(found, name) for name in found.__dataclass_fields__}
