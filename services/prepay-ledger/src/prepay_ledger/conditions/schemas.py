"""What is told of conditions, and what is shown of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.conditions.values import Condition
from prepay_ledger.fields import InstantField
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.http.fields import PRINTABLE, Reason


class ConditionIn(Reason):
    """``account_id``: of whom; none where the kind is the utility's. ``reference``: a payment, a
    dispute, an outage, by your own name for it, without personal data: it is kept for ever.
    ``until``: when it ends by itself; a payment in flight must have one."""

    kind: ConditionKind
    account_id: UUID | None = None
    reference: Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
    until: InstantField | None = None


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime


class ConditionOut(BaseModel, from_attributes=True):
    """A condition as it stands. ``ended``: none where nobody has ended it; see ``until`` too."""

    id: UUID
    kind: ConditionKind
    account_id: UUID | None
    reference: str
    until: datetime | None
    begun: DecidedOut
    ended: DecidedOut | None


def condition_out(condition: Condition) -> ConditionOut:
    """As it is shown."""
    return ConditionOut.model_validate(condition)
