"""Use cases: another person approves a list of cuts; anybody stops it."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.cut_lists.ports import Unit
from prepay_ledger.cut_lists.refusals import CutListRefused, UnknownCutList
from prepay_ledger.cut_lists.values import CutList, ListState
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.procedures.values import PublishedProcedure, calendar_of
from prewatt_common.contracts.cut_facts_v1 import CutListDecided
from prewatt_common.refusals import NeedsSecondPerson
from prewatt_metering.calendar.instants import us_of


async def approve_list(*, unit: Unit, list_id: UUID, role: str, decided: Decided) -> CutList:
    """From now on its lines are cut, the canary first; the same again changes nothing. Raises
    `UnknownCutList`, `CutListRefused`, `NeedsSecondPerson`."""
    made = await _known(unit, list_id)
    if made.state is ListState.APPROVED:
        return made
    refused = _refused(made, _cited(await unit.procedures.book(), made), role, decided)
    if refused:
        raise CutListRefused(refused)
    if decided.by == made.drafted.by:
        message = f"somebody else than {made.drafted.by}, who drafted it, must approve it"
        raise NeedsSecondPerson(message)
    made = replace(made, state=ListState.APPROVED, approved=decided)
    await unit.cut_lists.change(made)
    await _tell(unit, made, decided, role=role)
    return made


async def stop_list(*, unit: Unit, list_id: UUID, decided: Decided) -> CutList:
    """No more of it is cut, whoever says so; the same again changes nothing. Raises
    `UnknownCutList`."""
    made = await _known(unit, list_id)
    if made.state is ListState.STOPPED:
        return made
    made = replace(made, state=ListState.STOPPED, stopped=decided)
    await unit.cut_lists.change(made)
    await _tell(unit, made, decided, role="")
    return made


async def _known(unit: Unit, list_id: UUID) -> CutList:
    made = await unit.cut_lists.lock(list_id)
    if made is None:
        message = f"there is no list of cuts {list_id}"
        raise UnknownCutList(message)
    return made


def _cited(book: ProcedureBook, made: CutList) -> PublishedProcedure:
    found = book.cited(made.cited)
    assert found is not None, f"{made.cited} was published, and versions stand"
    return found


def _refused(made: CutList, cited: PublishedProcedure, role: str, decided: Decided) -> str | None:
    terms = cited.procedure.cut_list
    assert terms is not None, "a list is drafted only where its procedure asks for one"
    if made.state is ListState.STOPPED:
        return f"list {made.id} was stopped; draft another one"
    today = calendar_of(cited.procedure.timezone).day_of(us_of(decided.at))
    if made.local_day != today:
        return f"it is the list of {made.local_day}, and {today} is today; draft another one"
    if role != terms.approver_role:
        return f"it is approved by somebody of the role {terms.approver_role}"
    return None


async def _tell(unit: Unit, made: CutList, decided: Decided, *, role: str) -> None:
    event = CutListDecided(
        cut_list_id=made.id,
        is_approved=made.state is ListState.APPROVED,
        cited=made.cited,
        local_day=made.local_day,
        accounts=made.lines,
        accounts_sha256=made.accounts_sha256,
        drafted_by=made.drafted.by,
        role=role,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(made.id), str(made.id), event)], decided)
