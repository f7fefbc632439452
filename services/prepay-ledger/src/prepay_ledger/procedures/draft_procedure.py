"""Use cases: a person drafts a procedure, and withdraws it."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.procedures.ports import Unit
from prepay_ledger.procedures.refusals import ProcedureRefused, UnknownDraft
from prepay_ledger.procedures.values import DIRECT, ProcedureDraft
from prewatt_common.contracts.procedure_v1 import Procedure
from prewatt_common.ids import new_id


async def draft_procedure(*, unit: Unit, procedure: Procedure, decided: Decided) -> ProcedureDraft:
    """A draft, of which nothing follows before another person publishes it. Raises
    `ProcedureRefused`."""
    if procedure.jurisdiction == DIRECT.jurisdiction:
        message = (
            f"jurisdiction {DIRECT.jurisdiction} is built in, for demonstrations and tests;"
            " name yours"
        )
        raise ProcedureRefused(message)
    draft = ProcedureDraft(
        id=new_id(), state=DraftState.DRAFTED, procedure=procedure, drafted=decided
    )
    await unit.procedures.add_draft(draft)
    return draft


async def withdraw_draft(*, unit: Unit, draft_id: UUID, decided: Decided) -> ProcedureDraft:
    """The draft is not to be published; the same again changes nothing. Raises `UnknownDraft`, or
    `ProcedureRefused` for one that was published."""
    draft = await known_draft(unit, draft_id)
    if draft.state is DraftState.WITHDRAWN:
        return draft
    if draft.state is DraftState.PUBLISHED:
        message = (
            f"procedure {draft_id} was published and stands; publish another one for a later day"
        )
        raise ProcedureRefused(message)
    draft = replace(draft, state=DraftState.WITHDRAWN, decided=decided)
    await unit.procedures.change_draft(draft)
    return draft


async def known_draft(unit: Unit, draft_id: UUID) -> ProcedureDraft:
    """The draft, locked. Raises `UnknownDraft`."""
    draft = await unit.procedures.lock_draft(draft_id)
    if draft is None:
        message = f"there is no procedure {draft_id}"
        raise UnknownDraft(message)
    return draft
