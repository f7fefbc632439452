"""Use case: a second person accepts a count that differs, or sends it back."""

from dataclasses import replace

from prepay_ledger.cashiers.count_cash import close_day
from prepay_ledger.cashiers.ports import Unit
from prepay_ledger.cashiers.refusals import CountDecided, UnknownCount
from prepay_ledger.cashiers.rules import parts_in
from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    DayState,
    Decision,
    Outcome,
    OutcomeAction,
)
from prepay_ledger.vending.open_vendor import check_sells_not, locked_vendor
from prewatt_common.refusals import NeedsSecondPerson


async def decide_count(*, unit: Unit, decided: Decision) -> CashDay:
    """The day with that count: closed, or open again. The same again under the same key changes
    nothing. Raises `UnknownCount`, `CountDecided`, `NeedsSecondPerson` or `DutiesNotSeparate`."""
    found = await unit.cash.day_counted(decided.count_id)
    if found is None:
        message = f"there is no count {decided.count_id}"
        raise UnknownCount(message)
    vendor = await locked_vendor(unit, found.vendor_code)
    day = await unit.cash.day_counted(decided.count_id)
    assert day is not None, "a count stays"
    assert day.count is not None, "it was asked for by its count"
    if day.count.outcome is not None:
        return _repeated(day, day.count, day.count.outcome, decided)
    if parts_in(day, decided.who):
        message = (
            f"{decided.who} sold or counted, so somebody else has to decide about count "
            f"{decided.count_id}; nothing was changed"
        )
        raise NeedsSecondPerson(message)
    await check_sells_not(unit, vendor, decided.who)
    if decided.action is OutcomeAction.CLOSED:
        return await close_day(unit, vendor, day, day.count, decided)
    outcome = Outcome(
        action=decided.action,
        key=decided.key,
        who=decided.who,
        reason=decided.reason,
        journal_id=None,
        at=decided.at,
    )
    await unit.cash.add_outcome(day.count.id, outcome)
    reopened = replace(day, state=DayState.OPEN, count=replace(day.count, outcome=outcome))
    await unit.cash.put_state(reopened)
    return reopened


def _repeated(day: CashDay, count: Count, done: Outcome, decided: Decision) -> CashDay:
    asked = (decided.action, decided.key, decided.who, decided.reason)
    if (done.action, done.key, done.who, done.reason) != asked:
        message = (
            f"count {count.id} was {done.action} at {done.at:%Y-%m-%d %H:%M} UTC by {done.who} "
            f"({done.reason or 'nothing differs'}); nothing was changed"
        )
        raise CountDecided(message)
    return day
