"""Account checks over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from prepay_ledger.account_checks.values import Check, Difference, Line
from prepay_ledger.fields import AccountNumberField
from prepay_ledger.vending.schemas import AmountMicro, ShortText
from prewatt_common.http.fields import Reason


class SaleLine(BaseModel, extra="forbid"):
    """A line of the file: a sale as the vendor has it. ``key``: the Idempotency-Key that it was
    asked with."""

    key: ShortText
    account_number: AccountNumberField
    amount_micro: AmountMicro


class ResolutionIn(Reason):
    """What came of a sale that differs."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"reason": "the till lost the answer; the customer has the receipt"}]
        },
    )


class CheckOut(BaseModel):
    """A vendor's day, compared. ``open_lines``: how many differ and nobody resolved yet; with none
    it is done. Sales that are void are not counted."""

    id: UUID
    vendor: str
    business_day: date
    currency: str
    their_lines: int
    their_micro: int
    our_lines: int
    our_micro: int
    matched_lines: int
    open_lines: int
    is_done: bool
    posted_by: str
    posted_at: datetime


class ResolutionOut(BaseModel, from_attributes=True):
    """Who resolved it, and how."""

    who: str
    reason: str
    at: datetime


class LineOut(BaseModel):
    """A sale that differs: what either side has. ``vend_id``: ours, also where it is void."""

    id: UUID
    key: str
    difference: Difference
    vend_id: UUID | None
    their_account: str | None
    their_micro: int | None
    our_account: str | None
    our_micro: int | None
    resolution: ResolutionOut | None


def check_out(check: Check) -> CheckOut:
    """As it is shown."""
    return CheckOut(
        id=check.id,
        vendor=check.vendor_code,
        business_day=check.business_day,
        currency=check.currency,
        their_lines=check.their_lines,
        their_micro=check.their_micro,
        our_lines=check.our_lines,
        our_micro=check.our_micro,
        matched_lines=check.matched_lines,
        open_lines=check.open_lines,
        is_done=check.is_done,
        posted_by=check.posted_by,
        posted_at=check.posted_at,
    )


def line_out(line: Line) -> LineOut:
    """As it is shown."""
    found, done = line.finding, line.resolution
    return LineOut(
        id=line.id,
        key=found.key,
        difference=found.difference,
        vend_id=found.vend_id,
        their_account=found.their_account,
        their_micro=found.their_micro,
        our_account=found.our_account,
        our_micro=found.our_micro,
        resolution=None if done is None else ResolutionOut.model_validate(done),
    )
