"""Use cases: what holds the cuts of accounts, and which of them may be cut now."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.breakers.ports import HasBreakers
from prepay_ledger.breakers.rules import admit, holds_on, minute_after, minute_of
from prepay_ledger.breakers.values import (
    ALL,
    BREAKER,
    HELD_SLACK,
    PACED_SLACK,
    Admitted,
    Asked,
    Cause,
    CutHold,
    Hold,
    Limits,
    State,
    Trip,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id


async def cut_holds_of(
    unit: HasBreakers, account_ids: Collection[UUID], *, now: datetime
) -> Mapping[UUID, tuple[Hold, ...]]:
    """What holds the cuts of those accounts of which something does.

    To be asked wherever supply is decided: a cut in flight is called back by it, and who is kept on
    gets supply. It is no permission to cut; `admit_cuts` is.
    """
    state = await unit.breakers.state()
    if state.is_quiet or not account_ids:
        return {}
    return await _held(unit, state, await unit.breakers.asked(account_ids, now=now), now=now)


async def admit_cuts(
    unit: HasBreakers, account_ids: Collection[UUID], *, limits: Limits, now: datetime
) -> Admitted:
    """Which of the accounts may be cut now: the one permission. To be asked once a transaction,
    after their rows are locked, for all that nothing else holds, also where `cut_holds_of` names
    something: who has asked does not come anew. Who is admitted must be cut by this transaction.

    Until it ends nobody else admits cuts or changes what holds them: no two replicas pass a limit
    together, and a cut that was admitted committed before a hold that did not see it.
    """
    if not account_ids:
        return Admitted(admitted=frozenset(), held={})
    state = await unit.breakers.hold_state()
    asked = await unit.breakers.asked(account_ids, now=now)
    held = await _held(unit, state, asked, now=now)
    free = (
        [
            each._replace(account_ids=[one for one in each.account_ids if one not in held])
            for each in asked
        ]
        if held
        else asked
    )
    held |= await _admit(unit, [each for each in free if each.account_ids], limits=limits, now=now)
    await unit.breakers.wait({account_id: _good_until(holds) for account_id, holds in held.items()})
    await unit.breakers.wait_no_more(
        [one for each in asked if each.wait for one in each.account_ids if one not in held]
    )
    return Admitted(admitted=frozenset(account_ids) - held.keys(), held=held)


async def _held(
    unit: HasBreakers, state: State, asked: Sequence[Asked], *, now: datetime
) -> dict[UUID, tuple[Hold, ...]]:
    if state.is_quiet:
        return {}
    kept_on: Collection[UUID] = ()
    if state.keeps_on:
        kept_on = await unit.breakers.kept_on([one for each in asked for one in each.account_ids])
    held: dict[UUID, tuple[Hold, ...]] = {}
    for account_ids, scopes, _ in asked:
        for is_kept_on in (False, True):
            some = [one for one in account_ids if (one in kept_on) is is_kept_on]
            holds = holds_on(scopes=scopes, is_kept_on=is_kept_on, holds=state.holds, now=now)
            if holds:
                held |= dict.fromkeys(some, holds)
    return held


async def _admit(
    unit: HasBreakers, asked: Sequence[Asked], *, limits: Limits, now: datetime
) -> dict[UUID, tuple[Hold, ...]]:
    """Those that are not admitted, with what holds them."""
    if not asked:
        return {}
    minute = minute_of(now)
    scopes = {scope for each in asked for scope in each.scopes}
    counts = await unit.breakers.counts(minute, scopes)
    made = admit(asked=asked, counts=counts, limits=limits)
    await unit.breakers.count(minute, made.counts)
    if not made.tripped:
        holds = {
            minutes: (Hold(Cause.PACED, minute_after(now, minutes)),)
            for minutes in set(made.waits_min.values())
        }
        return {one: holds[minutes] for one, minutes in made.waits_min.items()}
    await unit.breakers.place([_tripped(trip, now=now) for trip in made.tripped])
    stopped = (Hold(Cause.FLEET_BREAKER, None),)
    return {one: stopped for each in asked for one in each.account_ids}


def _tripped(trip: Trip, *, now: datetime) -> CutHold:
    """Whatever tripped, all cuts stop: a mistake of one tariff may be one of many."""
    reason = (
        f"{trip.wanted} of {trip.scope} came to be cut within a minute, more than "
        f"{trip.trip_per_min}"
    )
    placed = Decided(by=BREAKER, reason=reason, at=now)
    return CutHold(id=new_id(), scope=ALL, until=None, placed=placed, trip=trip)


def _good_until(holds: tuple[Hold, ...]) -> datetime | None:
    """Until when an account with these holds does not come anew."""
    until = [hold.until for hold in holds]
    ends = [each for each in until if each is not None]
    if len(ends) < len(until):
        return None
    paced = all(hold.cause is Cause.PACED for hold in holds)
    return max(ends) + (PACED_SLACK if paced else HELD_SLACK)
