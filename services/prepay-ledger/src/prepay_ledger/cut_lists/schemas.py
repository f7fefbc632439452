"""What is told of lists of cuts, and what is shown of them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.cut_lists.values import LINES_MAX, CutList, LineState, ListState, Progress
from prewatt_common.contracts.procedure_v1 import ANY_CLASS, Mode
from prewatt_common.http.fields import Reason

PlainNameField = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=60)]


class CutListIn(Reason):
    """Accounts to be cut today, in this order, under a procedure that asks for a list; none: all
    whose cut waits for one and for nothing else but hours, those exhausted for longest first."""

    jurisdiction: PlainNameField
    customer_class: PlainNameField = ANY_CLASS
    mode: Mode = Mode.PREPAY
    account_ids: Annotated[list[UUID], Field(min_length=1, max_length=LINES_MAX)] | None = None


class CutListApproval(Reason):
    """By somebody of the procedure's approver role."""

    role: PlainNameField


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime


class CutListOut(BaseModel):
    """A day's list of cuts. ``cited``: the procedure and version that asks for it."""

    id: UUID
    state: ListState
    cited: str
    local_day: date
    lines: int
    accounts_sha256: str
    drafted: DecidedOut
    approved: DecidedOut | None
    stopped: DecidedOut | None


class CutListWithProgress(CutListOut):
    """``done``: were cut; ``failed``: could not be; ``dropped``: need not be any more; ``out``: are
    being cut; ``aside``: are held by something else; ``released``: how many cuts may have been sent
    by now."""

    done: int
    failed: int
    dropped: int
    out: int
    aside: int
    released: int


class LineOut(BaseModel, from_attributes=True):
    """A line; ``at``: when it was done, or failed."""

    number: int
    account_id: UUID
    account_number: str
    state: LineState
    at: datetime | None


def list_out(made: CutList) -> CutListOut:
    """As it is shown."""
    return CutListOut(
        id=made.id,
        state=made.state,
        cited=made.cited,
        local_day=made.local_day,
        lines=made.lines,
        accounts_sha256=made.accounts_sha256,
        drafted=DecidedOut.model_validate(made.drafted),
        approved=None if made.approved is None else DecidedOut.model_validate(made.approved),
        stopped=None if made.stopped is None else DecidedOut.model_validate(made.stopped),
    )


def with_progress(made: CutList, progress: Progress, *, released: int) -> CutListWithProgress:
    """As it is shown alone."""
    return CutListWithProgress(**dict(list_out(made)), **progress._asdict(), released=released)
