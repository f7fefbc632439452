"""Late charges over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prepay_ledger.late_charges.values import LateChargeRow, Waiver, WaiverOrder
from prewatt_common.http.fields import Reason


class LateSpanOut(BaseModel, from_attributes=True):
    """Days from ``first`` to ``last``, both included, at whose end so much was open, and what each
    costs, in ppm of it; 0: nothing, as the account is disputed or protected."""

    first: date
    last: date
    open_micro: int
    rate_ppm: int


class LateChargeOut(BaseModel):
    """What a statement costs came to more, or to less, or was given up. ``amount_micro``: what the
    balance fell by; below zero: rose. ``accrued_micro``: what all late days up to ``through`` cost
    since, as ``spans`` say, by version ``policy_number`` of the policy for ``customer_class``;
    ``waived_micro``: what of it was given up in all. ``number``: of the statement's rows."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    number: int
    through: date
    amount_micro: int
    accrued_micro: int
    waived_micro: int
    currency: str
    policy_number: int
    customer_class: str
    spans: list[LateSpanOut]
    journal_id: int
    at: datetime

    @classmethod
    def of(cls, row: LateChargeRow) -> "LateChargeOut":
        """As it was posted."""
        return cls(
            id=row.id,
            statement_id=row.statement_id,
            account_id=row.account_id,
            number=row.number,
            through=row.through,
            amount_micro=row.amount_micro,
            accrued_micro=row.accrued_micro,
            waived_micro=row.waived_micro,
            currency=row.currency,
            policy_number=row.policy_number,
            customer_class=row.customer_class,
            spans=[LateSpanOut.model_validate(each) for each in row.spans],
            journal_id=row.journal_id,
            at=row.at,
        )


class PaymentReminderOut(BaseModel, from_attributes=True):
    """A customer was reminded of a statement, at the step ``step_days`` of version
    ``policy_number`` of the policy; ``open_micro``: what of it was not paid then."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    step_days: int
    open_micro: int
    currency: str
    policy_number: int
    customer_class: str
    at: datetime


class LateWaiverIn(Reason):
    """What of a statement's late charges is given up."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "statement_id": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50",
                    "amount_micro": 1_000_000,
                    "reason": "the post was on strike, note 4711",
                }
            ]
        },
    )
    statement_id: UUID
    amount_micro: Annotated[int, Field(ge=1, le=10**15)]

    def order(self, *, key: str, who: str) -> WaiverOrder:
        """As the use case takes it."""
        return WaiverOrder(key=key, who=who, **self.model_dump())


class LateWaiverOut(BaseModel):
    """Late charges that were given up. ``who`` asked for it; ``proposal_id``: by which a second
    person approved it, null where it took one; ``charge_id``: the late charge that has the sums
    after it."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    amount_micro: int
    currency: str
    who: str
    reason: str
    proposal_id: UUID | None
    charge_id: UUID
    at: datetime

    @classmethod
    def of(cls, waiver: Waiver) -> "LateWaiverOut":
        """As it was done."""
        order = waiver.order
        return cls(
            id=waiver.id,
            statement_id=order.statement_id,
            account_id=waiver.account_id,
            amount_micro=order.amount_micro,
            currency=waiver.currency,
            who=order.who,
            reason=order.reason,
            proposal_id=waiver.proposal_id,
            charge_id=waiver.charge_id,
            at=waiver.at,
        )
