"""What is told of correction runs, and what is shown of them. Money: integer micro-units."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.corrections.values import CorrectionRun, RunState
from prepay_ledger.facts.schemas import DecidedOut
from prewatt_common.http.fields import Reason
from prewatt_metering.tariffs.document import document_of


class CorrectionIn(Reason):
    """The document that is right, for the day of the version that is wrong. ``our_fault``: what it
    adds to a bill is owed apart from the balance, however new."""

    document: dict[str, Any]
    our_fault: bool = False


class FiguresOut(BaseModel, from_attributes=True):
    """What the run changes, in the tariff's currency, as of ``made_at``."""

    accounts: int
    """Charged in a period that the version rates."""
    dearer: int
    cheaper: int
    difference_micro: int
    """What all of them are charged more; below 0: less."""
    apart_micro: int
    """What of it would be owed apart, or written off: the rest is the balances'."""
    newly_negative: int
    needs_second_person: bool
    made_at: datetime


class RunOut(BaseModel):
    """A correction run. ``preview``: none while it is worked out. ``correction``: its number among
    those of the tariff once it is released. ``trouble``: why it does not get on, which is tried
    again where it is released."""

    id: UUID
    state: RunState
    tariff_code: str
    valid_from: date
    currency: str
    document: dict[str, Any]
    drafted: DecidedOut
    preview: FiguresOut | None
    correction: int | None
    released: DecidedOut | None
    withdrawn: DecidedOut | None
    done_at: datetime | None
    trouble: str | None
    our_fault: bool


class RunWithProgress(RunOut):
    """``agreements_left``: those that it has not come to yet."""

    agreements_left: int


class AccountOut(BaseModel, from_attributes=True):
    """An account in a run's preview: what was left, what it was charged in the periods that the
    version rates, what it would be charged, what of the difference would be owed apart or written
    off, and what would be left then."""

    account_id: UUID
    number: str
    currency: str
    balance_micro: int
    charge_micro: int
    new_charge_micro: int
    apart_micro: int
    new_balance_micro: int


def run_out(run: CorrectionRun) -> RunOut:
    """As it is shown."""
    return RunOut(
        id=run.id,
        state=run.state,
        tariff_code=run.code,
        valid_from=run.valid_from,
        currency=run.version.currency,
        document=document_of(run.version),
        drafted=DecidedOut.model_validate(run.drafted),
        preview=None if run.figures is None else FiguresOut.model_validate(run.figures),
        correction=run.correction,
        released=None if run.released is None else DecidedOut.model_validate(run.released),
        withdrawn=None if run.withdrawn is None else DecidedOut.model_validate(run.withdrawn),
        done_at=run.done_at,
        trouble=run.trouble,
        our_fault=run.our_fault,
    )
