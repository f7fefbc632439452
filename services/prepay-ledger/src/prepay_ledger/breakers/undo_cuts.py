"""Use cases: people undo cuts that were a mistake: one drafts it, another releases it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.breakers.ports import Unit
from prepay_ledger.breakers.refusals import UndoRefused, UnknownUndo
from prepay_ledger.breakers.values import KEEPS_ON, CutUndo, Scope, UndoState
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutUndoEnded, CutUndoReleased
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson


async def draft_undo(
    *, unit: Unit, scope: Scope, since: datetime, until: datetime | None, decided: Decided
) -> CutUndo:
    """The accounts of ``scope`` whose cuts were issued in [since, until), until now where none is
    given; nothing changes before its release. Raises `UndoRefused` where there is none."""
    end = decided.at if until is None else until
    if end <= since:
        message = f"from {since.isoformat()} until {end.isoformat()} there is no time"
        raise UndoRefused(message)
    undo = await unit.undos.draft(
        CutUndo(
            id=new_id(),
            scope=scope,
            since=since,
            until=end,
            state=UndoState.DRAFTED,
            accounts=0,
            dark=0,
            drafted=decided,
        )
    )
    if not undo.accounts:
        message = f"no cut of {scope} was issued from {since.isoformat()} until {end.isoformat()}"
        raise UndoRefused(message)
    return undo


async def release_undo(*, unit: Unit, undo_id: UUID, decided: Decided) -> CutUndo:
    """Its accounts are kept on from our commit on; within seconds they are reconnected, and told.
    The same again changes nothing. Raises `UnknownUndo`, `UndoRefused`, `NeedsSecondPerson`."""
    undo = await _known(unit, undo_id)
    if undo.released is not None:
        return undo
    if undo.state is UndoState.WITHDRAWN:
        message = f"undo {undo_id} was withdrawn; draft another one"
        raise UndoRefused(message)
    if decided.by == undo.drafted.by:
        message = (
            f"somebody else than {undo.drafted.by}, who drafted it, must release undo {undo_id}"
        )
        raise NeedsSecondPerson(message)
    await unit.breakers.hold_state()
    undo = replace(undo, state=UndoState.RELEASED, released=decided)
    await unit.undos.change(undo)
    await unit.breakers.changes()
    event = CutUndoReleased(
        undo_id=undo_id,
        scope=undo.scope.kind,
        name=undo.scope.name,
        since=undo.since,
        until=undo.until,
        accounts=undo.accounts,
        drafted_by=undo.drafted.by,
        drafted_reason=undo.drafted.reason,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(undo_id), str(undo_id), event)], decided)
    return undo


async def withdraw_undo(*, unit: Unit, undo_id: UUID, decided: Decided) -> CutUndo:
    """It is not to be released. The same again changes nothing. Raises `UnknownUndo`, or
    `UndoRefused` for one that was released: that is ended."""
    undo = await _known(unit, undo_id)
    if undo.state is UndoState.WITHDRAWN:
        return undo
    if undo.released is not None:
        message = f"undo {undo_id} was released and cannot be withdrawn; end it"
        raise UndoRefused(message)
    undo = replace(undo, state=UndoState.WITHDRAWN, withdrawn=decided)
    await unit.undos.change(undo)
    return undo


async def end_undo(*, unit: Unit, undo_id: UUID, decided: Decided) -> CutUndo:
    """Its accounts are kept on no more: what cut them was put right, and they are decided about as
    any other. The same again changes nothing. Raises `UnknownUndo`, `UndoRefused`."""
    undo = await _known(unit, undo_id)
    if undo.ended is not None:
        return undo
    if undo.state not in KEEPS_ON:
        message = f"undo {undo_id} is {undo.state}: it keeps nobody on"
        raise UndoRefused(message)
    if undo.state is UndoState.RELEASED:
        message = f"undo {undo_id} is still being carried out; end it when it is done"
        raise UndoRefused(message)
    state = await unit.breakers.hold_state()
    undo = replace(undo, state=UndoState.ENDING, ended=decided, upto=None)
    await unit.undos.change(undo)
    await unit.breakers.changes()
    if not any(each.is_active(decided.at) for each in state.holds):
        await unit.breakers.waits_end(decided.at)
    event = CutUndoEnded(undo_id=undo_id, by=decided.by, reason=decided.reason, at=decided.at)
    await tell(unit, [(str(undo_id), str(undo_id), event)], decided)
    return undo


async def _known(unit: Unit, undo_id: UUID) -> CutUndo:
    undo = await unit.undos.lock(undo_id)
    if undo is None:
        message = f"there is no undo of cuts {undo_id}"
        raise UnknownUndo(message)
    return undo
