"""Reconnection codes over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.site_codes.values import ShownCode
from prewatt_common.http.fields import Body


class CodeIn(Body):
    """``another``: not the one that was shown before, which did not help or got into wrong hands.
    It is over once the new one is used."""

    another: bool = False


class KeyedCodeOut(BaseModel, from_attributes=True):
    """16 digits in groups of four; ``key_id``: which meters take it, as their plates say."""

    key_id: str
    code: str


class ReadingOut(BaseModel, from_attributes=True):
    """Who has read it."""

    read_by: str
    at: datetime


class ShownCodeOut(BaseModel):
    """An order's code: the relay closes once it is typed in at the meter. ``readings``: who has
    read it, this time included, the last first; a hundred at most."""

    order_id: UUID
    meter_id: str
    issued_at: datetime
    codes: list[KeyedCodeOut]
    readings: list[ReadingOut]


def shown_out(shown: ShownCode) -> ShownCodeOut:
    """As it is shown."""
    code = shown.site_code
    return ShownCodeOut(
        order_id=code.order_id,
        meter_id=code.meter_id,
        issued_at=code.issued_at,
        codes=[KeyedCodeOut.model_validate(each) for each in shown.codes],
        readings=[ReadingOut.model_validate(each) for each in shown.readings],
    )
