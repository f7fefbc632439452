"""What follows from steps beside the commands: reconnections, work orders, lists of cuts."""

from collections.abc import Sequence
from datetime import datetime

from prepay_ledger.cut_lists.note_lines import note_lines
from prepay_ledger.cut_lists.values import WAITS_FOR_LIST, LineState
from prepay_ledger.reconnections.follow_relays import (
    begin_reconnections,
    end_elsewhere,
    end_reconnections,
)
from prepay_ledger.reconnections.values import Cause, NewReconnection
from prepay_ledger.relays.next_step import Waits
from prepay_ledger.relays.values import Desired, Observed, Relay
from prepay_ledger.supply.decide import Fired
from prepay_ledger.supply.decided import Decided
from prepay_ledger.supply.ports import Unit
from prepay_ledger.work_orders.keep_orders import end_orders, open_orders
from prepay_ledger.work_orders.values import NewWorkOrder, WorkOrderKind
from prewatt_common.contracts.base import RelayAction
from prewatt_common.contracts.ledger_events_v1 import SupplyState

_CAUSES = {
    Fired.BALANCE_RESTORED: Cause.PAYMENT,
    Fired.CUSTOMER_PROTECTED: Cause.PROTECTION,
    Fired.EMERGENCY_CREDIT: Cause.TERMS,
    Fired.CUT_ENDED: Cause.TERMS,
    Fired.POST_PAID: Cause.TERMS,
    Fired.RELAY_NOT_CLOSED: Cause.UNCERTAIN,
}
_SUPPLIED = (SupplyState.CONNECTED, SupplyState.WARNED)
"""Nothing is late there: what waits for load at most is looked at by the job."""

_DONE = frozenset({SupplyState.DISCONNECTED, SupplyState.LIMITED})


async def follow_steps(
    unit: Unit, decided: Sequence[Decided], *, now: datetime, caused_at: datetime
) -> None:
    """In the transaction of the decisions; the accounts are locked."""
    news: list[NewReconnection] = []
    cut: list[str] = []
    given_up: list[NewWorkOrder] = []
    for each in decided:
        for before, (relay, step) in zip(each.view.relays, each.settled.moved, strict=True):
            if step.action in (RelayAction.DISCONNECT, RelayAction.LIMIT):
                cut.append(relay.meter_id)
            elif step.action is not None:
                news.append(_begun(each, before, now=now, caused_at=caused_at))
            elif step.waits is Waits.GIVEN_UP:
                given_up.append(_order(each, relay))
            elif step.waits is Waits.OPENS_AGAIN:
                given_up.append(_opens_order(each, relay))
    moving = [e.view.account.id for e in decided if e.facts.state not in _SUPPLIED]
    await end_elsewhere(unit=unit, account_ids=moving, at=now)
    await end_reconnections(
        unit=unit, meter_ids=cut, why="supply is to be taken away again", at=now
    )
    await begin_reconnections(unit=unit, news=news)
    await open_orders(unit=unit, orders=given_up, at=now)
    await _end_given_up(unit, decided, now=now)
    await _note_lines(unit, decided, now=now)


def _begun(
    decided: Decided, before: Relay, *, now: datetime, caused_at: datetime
) -> NewReconnection:
    causes = [_CAUSES[each] for each in decided.settled.fired if each in _CAUSES]
    return NewReconnection(
        account_id=decided.view.account.id,
        meter_id=before.meter_id,
        cause=causes[0] if causes else Cause.UNCERTAIN,
        caused_at=caused_at,
        issued_at=now,
        opened_at=before.observed_at if before.observed is Observed.OPEN else None,
        lifts_limit=before.observed is Observed.LIMITED
        or (before.observed is Observed.UNKNOWN and before.desired is Desired.LIMITED),
        sla=decided.grounds.sla,
    )


def _order(decided: Decided, relay: Relay) -> NewWorkOrder:
    return NewWorkOrder(
        kind=WorkOrderKind.RELAY_DOES_NOT_ANSWER,
        meter_id=relay.meter_id,
        account_id=decided.view.account.id,
        reason=f"{relay.failures} commands in a row did not bring the relay to {relay.desired}",
        evidence={"failures": relay.failures, "desired": relay.desired, "seen": relay.observed},
        known_until=relay.failed_at,
    )


def _opens_order(decided: Decided, relay: Relay) -> NewWorkOrder:
    assert relay.opened_at is not None
    return NewWorkOrder(
        kind=WorkOrderKind.RELAY_OPENS_UNASKED,
        meter_id=relay.meter_id,
        account_id=decided.view.account.id,
        reason=f"the relay opened at the meter {relay.openings} times, and stays open until "
        "somebody has looked",
        evidence={"openings": relay.openings, "opened_at": relay.opened_at.isoformat()},
        # Without one it would stay dark for ever, and what a person has seen to counts no more.
        known_until=None,
    )


async def _end_given_up(unit: Unit, decided: Sequence[Decided], *, now: datetime) -> None:
    """A relay that is where it should be has answered."""
    answered = [
        relay.meter_id
        for each in decided
        if each.settled.state is not each.facts.state
        for relay, step in each.settled.moved
        if step.is_rest
    ]
    await end_orders(
        unit=unit,
        meter_ids=answered,
        kinds=(WorkOrderKind.RELAY_DOES_NOT_ANSWER,),
        why="the relay has answered",
        at=now,
    )


async def _note_lines(unit: Unit, decided: Sequence[Decided], *, now: datetime) -> None:
    """Of those that are in a day's list; who may go by that is looked at again."""
    listed = {e.view.account.id: _line_state(e) for e in decided if e.grounds.in_list}
    may_go = await note_lines(unit, listed, now=now) if listed else None
    if may_go:
        await unit.supply.look_at(list(may_go), now=now)


def _line_state(decided: Decided) -> LineState:
    settled = decided.settled
    if not settled.decision.is_exhausted:
        return LineState.DROPPED
    if settled.state in _DONE and not settled.held:
        return LineState.DONE
    if Waits.GIVEN_UP in settled.held:
        return LineState.FAILED
    if settled.state is SupplyState.DISCONNECTING:
        return LineState.OUT
    return LineState.ASIDE if {*settled.held} - {WAITS_FOR_LIST} else LineState.WAITING
