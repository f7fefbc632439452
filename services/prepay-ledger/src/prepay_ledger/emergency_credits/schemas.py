"""Emergency credit over HTTP. Money: integer micro-units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prepay_ledger.balances.values import Account
from prepay_ledger.emergency_credits.rules import used_micro
from prepay_ledger.emergency_credits.values import (
    CreditState,
    EmergencyCredit,
    Means,
    Refused,
)
from prewatt_common.http.fields import PRINTABLE, Reason


class AcceptIn(Reason):
    """``means``: how the customer said so. ``reason``: in what words, or who asked for it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"means": "app", "reason": "Accepted in the app"}]}
    )

    means: Means


class CreditOut(BaseModel):
    """Emergency credit that is offered, accepted, or over. Once accepted, ``amount_micro`` may be
    used below the overdraft. ``point_micro``: above this balance it is over."""

    id: UUID
    account_id: UUID
    state: CreditState
    amount_micro: int
    point_micro: int
    offered_at: datetime
    means: Means | None
    accepted_by: Annotated[str, Field(pattern=PRINTABLE)] | None
    accepted_at: datetime | None
    over_at: datetime | None


class StandingOut(BaseModel):
    """How an account stands. ``credit``: what is offered or accepted; ``refused``: why nothing can
    be accepted now. ``used_micro``: what of an accepted one the next top-up repays first;
    ``left_micro``: what may be used until the cut."""

    credit: CreditOut | None
    refused: Refused | None
    currency: str
    balance_micro: int
    used_micro: int
    left_micro: int


def credit_out(credit: EmergencyCredit) -> CreditOut:
    """As it is shown."""
    said = credit.acceptance
    return CreditOut(
        id=credit.id,
        account_id=credit.account_id,
        state=credit.state,
        amount_micro=credit.amount_micro,
        point_micro=credit.point_micro,
        offered_at=credit.offered_at,
        means=said.means if said else None,
        accepted_by=said.decided.by if said else None,
        accepted_at=said.decided.at if said else None,
        over_at=credit.over_at,
    )


def standing_out(
    account: Account, credit: EmergencyCredit | None, refused: Refused | None
) -> StandingOut:
    """As it is shown."""
    return StandingOut(
        credit=credit_out(credit) if credit else None,
        refused=refused,
        currency=account.currency,
        balance_micro=account.balance_micro,
        used_micro=used_micro(
            balance_micro=account.balance_micro,
            overdraft_micro=account.overdraft_micro,
            credit_micro=account.emergency_credit_micro,
        ),
        left_micro=account.left_micro,
    )
