"""Use cases: a person holds cuts, and lets them go again, the fleet breaker's too."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.breakers.ports import Unit
from prepay_ledger.breakers.refusals import HoldRefused, UnknownHold
from prepay_ledger.breakers.values import CutHold, Scope
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import CutHoldEnded, CutHoldPlaced
from prewatt_common.ids import new_id


async def hold_cuts(
    *, unit: Unit, scope: Scope, until: datetime | None, decided: Decided
) -> CutHold:
    """Nobody of ``scope`` is cut from our commit on; what is in flight is called back as the
    accounts are looked at, within seconds. Reconnections go on. Raises `HoldRefused`."""
    if until is not None and until <= decided.at:
        message = f"{until.isoformat()} is over: give a later instant, or none"
        raise HoldRefused(message)
    await unit.breakers.hold_state()
    hold = CutHold(id=new_id(), scope=scope, until=until, placed=decided)
    await unit.breakers.place([hold])
    event = CutHoldPlaced(
        hold_id=hold.id,
        scope=scope.kind,
        name=scope.name,
        until=until,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(hold.id), str(hold.id), event)], decided)
    return hold


async def end_hold(*, unit: Unit, hold_id: UUID, decided: Decided) -> CutHold:
    """It holds no more; whoever it held is looked at within seconds, and is cut as the pace allows.
    The same again changes nothing. Raises `UnknownHold`."""
    state = await unit.breakers.hold_state()
    hold = await unit.breakers.hold(hold_id)
    if hold is None:
        message = f"there is no hold of cuts {hold_id}"
        raise UnknownHold(message)
    if hold.ended is not None:
        return hold
    await unit.breakers.end(hold_id, decided)
    if hold.trip is not None:
        await unit.breakers.count_anew(decided.at)
    others = [each for each in state.holds if each.id != hold_id and each.is_active(decided.at)]
    if not others:
        await unit.breakers.waits_end(decided.at)
    event = CutHoldEnded(
        hold_id=hold_id,
        is_breaker=hold.trip is not None,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(hold_id), str(hold_id), event)], decided)
    return replace(hold, ended=decided)
