"""Cashiers' days and cash over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    DayState,
    Destination,
    HandOver,
    OutcomeAction,
)
from prepay_ledger.fields import DayField, MicroUnits
from prepay_ledger.vending.schemas import AmountMicro, ShortText, SubjectField, VendorCode
from prewatt_common.http.fields import PRINTABLE, Body, Reason

ReasonField = Annotated[str, Field(max_length=500, pattern=PRINTABLE)]


class CountIn(Body):
    """What was in the drawer. ``reason``: where it differs from what should be. ``seller``: whose
    drawer, where a supervisor counts it; left out: of who asks."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "vendor": "desk-1",
                    "business_day": "2026-03-01",
                    "counted_micro": 1_249_500_000,
                    "reason": "0.50 given out too much, customer not found",
                }
            ]
        },
    )
    vendor: VendorCode
    business_day: DayField
    counted_micro: MicroUnits
    reason: ReasonField | None = None
    seller: SubjectField | None = None


class DecisionIn(Reason):
    """Why a count that differs is accepted, or sent back."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "counted with the cashier, as told"}]},
    )


class HandOverIn(Body):
    """All cash in hand. ``slip``: the number of the deposit slip, or of the paper that was signed.
    ``receiver``: who was given it; for the bank it is left out."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "vendor": "desk-1",
                    "amount_micro": 1_249_500_000,
                    "destination": "bank",
                    "slip": "DEP-20260301-7",
                }
            ]
        },
    )
    vendor: VendorCode
    amount_micro: AmountMicro
    destination: Destination
    receiver: ShortText | None = None
    slip: ShortText
    seller: SubjectField | None = None

    @model_validator(mode="after")
    def _names_the_person(self) -> Self:
        if (self.destination is Destination.PERSON) != (self.receiver is not None):
            message = "receiver: name the person that it was given to, and none for the bank"
            raise ValueError(message)
        return self


class ReceiptIn(Body):
    """What came. ``reason``: where it is not what was handed over."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"received_micro": 1_249_500_000}]},
    )
    received_micro: MicroUnits
    reason: ReasonField | None = None


class OutcomeOut(BaseModel, from_attributes=True):
    """What came of a count. ``journal_id``: where it closed the day."""

    action: OutcomeAction
    who: str
    reason: str
    journal_id: int | None
    at: datetime


class CountOut(BaseModel, from_attributes=True):
    """A count. ``difference_micro``: below zero, cash is short. ``outcome``: null while it waits
    for a second person."""

    id: UUID
    expected_micro: int
    counted_micro: int
    difference_micro: int
    who: str
    reason: str
    at: datetime
    outcome: OutcomeOut | None


class CashDayOut(BaseModel):
    """What a seller took in cash at a desk on a business day. ``count``: the latest."""

    id: UUID
    vendor: str
    seller: str
    business_day: date
    currency: str
    expected_micro: int
    state: DayState
    count: CountOut | None
    hand_over_id: UUID | None


class ReceiptOut(BaseModel, from_attributes=True):
    """Who received what was handed over."""

    received_micro: int
    who: str
    reason: str
    journal_id: int
    at: datetime


class HandOverOut(BaseModel):
    """Cash that was handed over. ``receipt``: null while it is on its way."""

    id: UUID
    key: str
    vendor: str
    seller: str
    currency: str
    amount_micro: int
    destination: Destination
    receiver: str | None
    slip: str
    who: str
    journal_id: int
    at: datetime
    receipt: ReceiptOut | None


def day_out(day: CashDay) -> CashDayOut:
    """As it is shown."""
    return CashDayOut(
        id=day.id,
        vendor=day.vendor_code,
        seller=day.seller,
        business_day=day.business_day,
        currency=day.currency,
        expected_micro=day.expected_micro,
        state=day.state,
        count=_count_out(day.count),
        hand_over_id=day.hand_over_id,
    )


def hand_over_out(hand_over: HandOver) -> HandOverOut:
    """As it is shown."""
    receipt = hand_over.receipt
    return HandOverOut(
        id=hand_over.id,
        key=hand_over.key,
        vendor=hand_over.vendor_code,
        seller=hand_over.seller,
        currency=hand_over.currency,
        amount_micro=hand_over.amount_micro,
        destination=hand_over.destination,
        receiver=hand_over.receiver or None,
        slip=hand_over.slip,
        who=hand_over.who,
        journal_id=hand_over.journal_id,
        at=hand_over.at,
        receipt=None if receipt is None else ReceiptOut.model_validate(receipt),
    )


def _count_out(count: Count | None) -> CountOut | None:
    return None if count is None else CountOut.model_validate(count)
