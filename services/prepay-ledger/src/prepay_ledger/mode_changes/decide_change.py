"""Use cases: the notice of a change of mode was given; the change is cancelled."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.mode_changes.note_step import end_gate, locked_change, note_step, other_request
from prepay_ledger.mode_changes.ports import Unit
from prepay_ledger.mode_changes.refusals import ModeChangeRefused
from prepay_ledger.mode_changes.rules import why_not_noticed
from prepay_ledger.mode_changes.values import ChangeState, ModeChange, StepAction


async def give_notice(
    *,
    unit: Unit,
    change_id: UUID,
    reference: str,
    given_at: datetime,
    key: str,
    decided: Decided,
) -> ModeChange:
    """The customer was told of the change, by that letter or message; the same again under the same
    key changes nothing. Raises `UnknownModeChange`, `ModeChangeRefused` or `KeyUsedBefore`."""
    change = await locked_change(unit, change_id)
    step = await unit.mode_changes.asked_as(key, who=decided.by)
    if step is not None:
        if (step.change_id, step.action, step.reference) != (
            change_id, StepAction.NOTICE, reference,
        ) or change.noticed_at != given_at:  # fmt: skip
            raise other_request(key)
        return change
    why = why_not_noticed(change, given_at=given_at, now=decided.at)
    if why is not None:
        message = f"{why}; nothing was changed"
        raise ModeChangeRefused(message)
    change = replace(change, state=ChangeState.NOTICED, noticed_at=given_at)
    await unit.mode_changes.put(change)
    await note_step(unit, change, StepAction.NOTICE, decided, key=key, reference=reference)
    return change


async def cancel_change(*, unit: Unit, change_id: UUID, decided: Decided) -> ModeChange:
    """Everything stays as it is; the same again changes nothing. Raises `UnknownModeChange`, or
    `ModeChangeRefused` for one that was made or refused."""
    change = await locked_change(unit, change_id)
    if change.state is ChangeState.CANCELLED:
        return change
    if not change.is_open:
        message = f"change {change_id} is {change.state}, and cannot be cancelled any more"
        raise ModeChangeRefused(message)
    return await give_up(unit, change, ChangeState.CANCELLED, StepAction.CANCEL, decided)


async def give_up(
    unit: Unit, change: ModeChange, state: ChangeState, action: StepAction, decided: Decided
) -> ModeChange:
    """The change is not made; why, the decision says."""
    change = replace(change, state=state, reason=decided.reason, waits_for="", look_at=None)
    await unit.mode_changes.put(change)
    await end_gate(unit, change, decided)
    await note_step(unit, change, action, decided)
    return change
