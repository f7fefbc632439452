"""What is told of procedures, and what is shown of them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.facts.values import DraftState
from prepay_ledger.procedures.values import ProcedureDraft
from prewatt_common.contracts.procedure_v1 import Mode, document_of, sha256_of
from prewatt_common.http.fields import Reason


class ProcedureIn(Reason):
    """A procedure's document; its schema is ``procedure.v1.json`` of the contracts."""

    document: dict[str, Any]


class DecidedOut(BaseModel, from_attributes=True):
    """By whom, why and when."""

    by: str
    reason: str
    at: datetime


class ProcedureOut(BaseModel):
    """A procedure. ``version``: its number among those of its jurisdiction, class and mode, once it
    is published. ``decided``: its publishing or withdrawal."""

    id: UUID
    state: DraftState
    jurisdiction: str
    customer_class: str
    mode: Mode
    valid_from: date
    title: str
    version: int | None
    sha256: str
    """Of the canonical document, which cuts and evidence cite."""
    document: dict[str, Any]
    drafted: DecidedOut
    decided: DecidedOut | None


def procedure_out(draft: ProcedureDraft) -> ProcedureOut:
    """As it is shown."""
    procedure, decided = draft.procedure, draft.decided
    return ProcedureOut(
        id=draft.id,
        state=draft.state,
        jurisdiction=procedure.jurisdiction,
        customer_class=procedure.customer_class,
        mode=procedure.mode,
        valid_from=procedure.valid_from,
        title=procedure.title,
        version=draft.version,
        sha256=sha256_of(procedure),
        document=document_of(procedure),
        drafted=DecidedOut.model_validate(draft.drafted),
        decided=None if decided is None else DecidedOut.model_validate(decided),
    )
