"""Use case: another person publishes a draft, and it counts from its day on."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.events import fact
from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.procedures.draft_procedure import known_draft
from prepay_ledger.procedures.ports import Unit
from prepay_ledger.procedures.refusals import ProcedureRefused
from prepay_ledger.procedures.values import ProcedureDraft, PublishedProcedure, calendar_of, whose
from prewatt_common.contracts.cut_facts_v1 import ProcedurePublished
from prewatt_common.contracts.procedure_v1 import Procedure, canonical, sha256_of
from prewatt_common.refusals import NeedsSecondPerson
from prewatt_metering.calendar.instants import us_of


async def publish_procedure(*, unit: Unit, draft_id: UUID, decided: Decided) -> ProcedureDraft:
    """The draft as it stands now; the same again changes nothing. Raises `UnknownDraft`,
    `ProcedureRefused`, `NeedsSecondPerson`."""
    await unit.procedures.lock()
    draft = await known_draft(unit, draft_id)
    if draft.state is DraftState.PUBLISHED:
        return draft
    procedure = draft.procedure
    last = (await unit.procedures.book()).last(whose(procedure))
    today = calendar_of(procedure.timezone).day_of(us_of(decided.at))
    refused = _refused(draft, last=last, today=today)
    if refused:
        raise ProcedureRefused(refused)
    if decided.by == draft.drafted.by:
        message = f"somebody else than {draft.drafted.by}, who drafted it, must publish it"
        raise NeedsSecondPerson(message)
    published = PublishedProcedure(
        version=1 if last is None else last.version + 1, procedure=procedure
    )
    draft = replace(draft, state=DraftState.PUBLISHED, version=published.version, decided=decided)
    await unit.procedures.publish(published, draft=draft, decided=decided)
    await unit.procedures.change_draft(draft)
    event = _event(procedure, published, draft, decided)
    await unit.publish([fact(event, key="/".join(whose(procedure)), at=decided.at)])
    return draft


def _refused(draft: ProcedureDraft, *, last: PublishedProcedure | None, today: date) -> str | None:
    procedure = draft.procedure
    if draft.state is DraftState.WITHDRAWN:
        return f"procedure {draft.id} was withdrawn; draft another one"
    if not procedure.verified:
        return (
            "nobody has compared it with the law yet: do so, set `verified: true` in the document"
            " and draft it again"
        )
    if procedure.valid_from < today:
        return (
            f"it would hold from {procedure.valid_from}, which is past: cuts of those days were"
            f" made by what held then; {today} is the first day it may begin"
        )
    if last is not None and procedure.valid_from < last.procedure.valid_from:
        return (
            f"version {last.version} of {'/'.join(whose(procedure))} begins on"
            f" {last.procedure.valid_from}; the next one may not begin before it"
        )
    return None


def _event(
    procedure: Procedure, published: PublishedProcedure, draft: ProcedureDraft, decided: Decided
) -> ProcedurePublished:
    return ProcedurePublished(
        jurisdiction=procedure.jurisdiction,
        customer_class=procedure.customer_class,
        mode=procedure.mode,
        version=published.version,
        valid_from=procedure.valid_from,
        document=canonical(procedure).decode(),
        sha256=sha256_of(procedure),
        drafted_by=draft.drafted.by,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
