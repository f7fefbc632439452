"""What was done with a change of mode is kept and told, and its gate stands while it is open."""

from uuid import UUID

from prepay_ledger.conditions.tell_condition import end_condition
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.mode_changes.ports import Unit
from prepay_ledger.mode_changes.refusals import KeyUsedBefore, UnknownModeChange
from prepay_ledger.mode_changes.values import ModeChange, Step, StepAction
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.mode_events_v1 import ModeChangeTold
from prewatt_common.ids import new_id


async def note_step(
    unit: Unit,
    change: ModeChange,
    action: StepAction,
    decided: Decided,
    *,
    key: str = "",
    reference: str = "",
) -> None:
    """The change as it stands after the step, which is a fact."""
    step = Step(
        id=new_id(),
        change_id=change.id,
        action=action,
        key=key,
        reference=reference,
        decided=decided,
    )
    await unit.mode_changes.add_step(step)
    terms = change.terms
    event = ModeChangeTold(
        change_id=change.id,
        account_id=change.account_id,
        action=action,
        to=terms.to,
        first_day=terms.first_day,
        tariff_code=terms.tariff_code,
        consent_by=terms.consent.by,
        consent_reference=terms.consent.reference,
        consent_at=terms.consent.at,
        reference=reference,
        closing_micro=change.closing_micro,
        debt_id=change.debt_id,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(change.account_id), str(change.id), event)], decided)


async def end_gate(unit: Unit, change: ModeChange, decided: Decided) -> None:
    """Cuts are not held for it any more; what a person ended before stays so."""
    gate = await unit.conditions.named(
        ConditionKind.MODE_CHANGE, account_id=change.account_id, reference=str(change.id)
    )
    assert gate is not None, "it began with the change"
    await end_condition(unit=unit, condition_id=gate.id, decided=decided)


async def locked_change(unit: Unit, change_id: UUID) -> ModeChange:
    """As it stands once nobody else decides about its account. Raises `UnknownModeChange`."""
    found = await unit.mode_changes.change(change_id)
    if found is not None:
        await unit.charging.hold_accounts([found.account_id])
        found = await unit.mode_changes.lock(change_id)
    if found is None:
        message = f"there is no mode change {change_id}"
        raise UnknownModeChange(message)
    return found


def other_request(key: str) -> KeyUsedBefore:
    """The key came before, with something else."""
    message = f"the Idempotency-Key {key} came before with something else; nothing was changed"
    return KeyUsedBefore(message)
