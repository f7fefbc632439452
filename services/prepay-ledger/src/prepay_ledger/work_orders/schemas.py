"""Work orders over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.work_orders.values import WorkOrder, WorkOrderKind, WorkOrderResult
from prewatt_common.http.fields import PRINTABLE, Body


class ClosingIn(Body):
    """What came of an order; ``note``: in the words of who was there."""

    result: Literal[
        WorkOrderResult.DONE, WorkOrderResult.NOTHING_FOUND, WorkOrderResult.NOT_POSSIBLE
    ]
    note: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)]


class ClosingOut(BaseModel, from_attributes=True):
    """Who closed it, when, and what came of it."""

    at: datetime
    by: str
    result: WorkOrderResult
    note: str


class WorkOrderOut(BaseModel, from_attributes=True):
    """An order: what has to be seen to at the meter, and what that rests on; ``closing``: null
    while it is open."""

    id: UUID
    kind: WorkOrderKind
    meter_id: str
    account_id: UUID | None
    reason: str
    evidence: dict[str, Any]
    opened_at: datetime
    closing: ClosingOut | None


def order_out(order: WorkOrder) -> WorkOrderOut:
    """As it is shown."""
    return WorkOrderOut.model_validate(order)
