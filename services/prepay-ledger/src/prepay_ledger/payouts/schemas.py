"""Payouts over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from prepay_ledger.payouts.values import Action, FoundBy, Payout, PayoutState, PayoutView
from prewatt_common.http.fields import Reason


class PayoutMatchIn(Reason):
    """The line of a bank's statement that a payout arrived as, and how one knows."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "bank_line": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50",
                    "reason": "the bank kept 2.00 of it, advice of 2 March",
                }
            ]
        },
    )

    bank_line: UUID


class PayoutOut(BaseModel, from_attributes=True):
    """Money that a provider says it has sent to the bank, by the ``reference`` that a statement of
    the bank may have. ``amount_micro``: below zero where it came back from there.
    ``difference_micro``: what arrived more than was sent; below zero where less did. ``late``: it
    should have arrived by now. ``stands``: the provider's file of its day that holds has it."""

    id: UUID
    provider: str
    business_day: date
    reference: str
    amount_micro: int
    currency: str
    stands: bool
    state: PayoutState
    late: bool
    found_by: FoundBy
    bank_line: UUID | None
    difference_micro: int
    reason: str
    found_at: datetime

    @staticmethod
    def of(payout: Payout, *, late_before: date) -> "PayoutOut":
        """As it is shown."""
        return PayoutOut.model_validate(_shown(payout, late_before))


class PayoutStepOut(BaseModel, from_attributes=True):
    """Who did what about a payout, and why."""

    action: Action
    bank_line: UUID | None
    who: str
    reason: str
    state_before: PayoutState
    at: datetime


class WholePayoutOut(PayoutOut):
    """With what people did about it."""

    steps: list[PayoutStepOut]

    @staticmethod
    def of_view(view: PayoutView, *, late_before: date) -> "WholePayoutOut":
        """As it is shown."""
        steps = [PayoutStepOut.model_validate(each) for each in view.steps]
        return WholePayoutOut.model_validate(_shown(view.payout, late_before) | {"steps": steps})


def _shown(payout: Payout, late_before: date) -> dict[str, Any]:
    own = {name: getattr(payout, name) for name in payout.__dataclass_fields__}
    key = {name: getattr(payout.key, name) for name in payout.key.__dataclass_fields__}
    is_late = payout.state is PayoutState.EXPECTED and payout.key.business_day < late_before
    return own | key | {"late": is_late}
