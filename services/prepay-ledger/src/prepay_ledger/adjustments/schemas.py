"""Adjustments and transfers over HTTP. Money: integer micro-units."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prepay_ledger.adjustments.values import (
    Adjustment,
    AdjustmentOrder,
    Cause,
    Transfer,
    TransferOrder,
)
from prewatt_common.http.fields import Reason

_GIVEN = Field(ge=1, le=10**15)
_TAKEN = Field(ge=-(10**15), le=-1)
GivenOrTaken = Annotated[int, _GIVEN] | Annotated[int, _TAKEN]


class AdjustmentIn(Reason):
    """What an account is given; below zero: what is taken from it. ``may_overdraw``: the balance
    may fall below what may be used, which a second person has to approve."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account_id": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50",
                    "amount_micro": 20_000_000,
                    "cause": "goodwill",
                    "reason": "no supply for a day, letter 4711",
                }
            ]
        },
    )
    account_id: UUID
    amount_micro: GivenOrTaken
    cause: Cause
    may_overdraw: bool = False

    def order(self, *, key: str, who: str) -> AdjustmentOrder:
        """As the use case takes it."""
        return AdjustmentOrder(key=key, who=who, **self.model_dump())


class AdjustmentOut(BaseModel):
    """An adjustment that was done. ``balance_micro``: right after it. ``who`` asked for it;
    ``proposal_id``: by which a second person approved it, null where it took one."""

    id: UUID
    account_id: UUID
    amount_micro: int
    currency: str
    cause: Cause
    may_overdraw: bool
    who: str
    reason: str
    balance_micro: int
    proposal_id: UUID | None
    journal_id: int
    at: datetime

    @classmethod
    def of(cls, adjustment: Adjustment) -> "AdjustmentOut":
        """As it was done."""
        order = adjustment.order
        return cls(
            id=adjustment.id,
            account_id=order.account_id,
            amount_micro=order.amount_micro,
            currency=adjustment.currency,
            cause=order.cause,
            may_overdraw=order.may_overdraw,
            who=order.who,
            reason=order.reason,
            balance_micro=adjustment.balance_micro,
            proposal_id=adjustment.proposal_id,
            journal_id=adjustment.journal_id,
            at=adjustment.at,
        )


class TransferIn(Reason):
    """Money that reached the wrong account, and the one that is to have it. ``may_overdraw``: the
    balance that it is taken from may fall below what may be used, which a second person has to
    approve."""

    from_account_id: UUID
    to_account_id: UUID
    amount_micro: Annotated[int, Field(gt=0, le=10**15)]
    may_overdraw: bool = False

    def order(self, *, key: str, who: str) -> TransferOrder:
        """As the use case takes it."""
        return TransferOrder(key=key, who=who, **self.model_dump())


class TransferOut(BaseModel):
    """A transfer that was done, with both balances right after it."""

    id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount_micro: int
    currency: str
    may_overdraw: bool
    who: str
    reason: str
    from_balance_micro: int
    to_balance_micro: int
    proposal_id: UUID | None
    journal_id: int
    at: datetime

    @classmethod
    def of(cls, transfer: Transfer) -> "TransferOut":
        """As it was done."""
        order = transfer.order
        return cls(
            id=transfer.id,
            from_account_id=order.from_account_id,
            to_account_id=order.to_account_id,
            amount_micro=order.amount_micro,
            currency=transfer.currency,
            may_overdraw=order.may_overdraw,
            who=order.who,
            reason=order.reason,
            from_balance_micro=transfer.from_balance_micro,
            to_balance_micro=transfer.to_balance_micro,
            proposal_id=transfer.proposal_id,
            journal_id=transfer.journal_id,
            at=transfer.at,
        )
