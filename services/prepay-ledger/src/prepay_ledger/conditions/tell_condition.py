"""Use cases: a condition begins, and is ended."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.conditions.ports import Unit
from prepay_ledger.conditions.refusals import ConditionConflict, InvalidCondition, UnknownCondition
from prepay_ledger.conditions.rules import why_not
from prepay_ledger.conditions.values import Condition
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.cut_facts_v1 import ConditionBegun, ConditionEnded, ConditionKind
from prewatt_common.ids import new_id


async def begin_condition(
    *,
    unit: Unit,
    kind: ConditionKind,
    account_id: UUID | None,
    reference: str,
    until: datetime | None,
    decided: Decided,
) -> tuple[Condition, bool]:
    """The condition, and whether it is new: the same reference again changes nothing, though it
    has ended meanwhile. Of an account: it is looked at from our commit on. Of the utility: so is
    whoever is to be cut, by `FollowRules`.

    Raises `InvalidCondition`, `ConditionConflict` or `UnknownAccount`."""
    known = await unit.conditions.named(kind, account_id=account_id, reference=reference)
    if known is not None:
        return _same(known, until), False
    if account_id is not None and await unit.balances.account(account_id) is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    refused = why_not(kind, account_id=account_id, until=until, now=decided.at)
    if refused is not None:
        raise InvalidCondition(refused)
    condition = Condition(
        id=new_id(),
        kind=kind,
        account_id=account_id,
        reference=reference,
        until=until,
        begun=decided,
    )
    if not await unit.conditions.add(condition):
        known = await unit.conditions.named(kind, account_id=account_id, reference=reference)
        assert known is not None, "whoever was quicker has committed"
        return _same(known, until), False
    event = ConditionBegun(
        condition_id=condition.id,
        kind=kind,
        account_id=account_id,
        reference=reference,
        until=until,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(condition.id), str(condition.id), event)], decided)
    await _look(unit, condition, decided.at)
    return condition, True


async def end_condition(*, unit: Unit, condition_id: UUID, decided: Decided) -> Condition:
    """It stands no more; whoever it held is looked at as when it began. One that has ended, or is
    over by itself, stays as it is. Raises `UnknownCondition`."""
    condition = await _known(unit, condition_id)
    if not condition.is_active(decided.at):
        return condition
    # The account before the row, as a credited payment does that has it locked: no deadlock.
    await _look(unit, condition, decided.at)
    if not await unit.conditions.end(condition_id, decided):
        return await _known(unit, condition_id)
    event = ConditionEnded(
        condition_id=condition_id,
        kind=condition.kind,
        account_id=condition.account_id,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(condition_id), str(condition_id), event)], decided)
    return replace(condition, ended=decided)


async def end_payment_in_flight(
    *, unit: Unit, account_id: UUID, reference: str, decided: Decided
) -> None:
    """The money that was announced by this name has reached the account, whose row is locked. What
    was announced by another name is still under way, and stays."""
    condition = await unit.conditions.named(
        ConditionKind.PAYMENT_IN_FLIGHT, account_id=account_id, reference=reference
    )
    if condition is not None:
        await end_condition(unit=unit, condition_id=condition.id, decided=decided)


def _same(known: Condition, until: datetime | None) -> Condition:
    if known.until != until:
        was = "without an end" if known.until is None else f"until {known.until.isoformat()}"
        message = (
            f"{known.kind} {known.reference} was told before, {was}: it is condition {known.id}; "
            "give another reference to what is something else"
        )
        raise ConditionConflict(message)
    return known


async def _known(unit: Unit, condition_id: UUID) -> Condition:
    condition = await unit.conditions.condition(condition_id)
    if condition is None:
        message = f"there is no condition {condition_id}"
        raise UnknownCondition(message)
    return condition


async def _look(unit: Unit, condition: Condition, now: datetime) -> None:
    if condition.account_id is not None:
        await unit.conditions.recheck(condition.account_id, now=now)
