"""What a change of mode needs, and what follows next: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from prepay_ledger.mode_changes.values import ChangeState, Ground, ModeChange, Terms
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.contracts.supply_modes_v1 import ModeChanges

_METERS_NAMED = 3

MAY_BECOME: Mapping[ChangeState, frozenset[ChangeState]] = {
    ChangeState.REQUESTED: frozenset(
        {ChangeState.NOTICED, ChangeState.CANCELLED, ChangeState.REFUSED}
    ),
    ChangeState.NOTICED: frozenset(
        {ChangeState.WAITING, ChangeState.DONE, ChangeState.CANCELLED, ChangeState.REFUSED}
    ),
    ChangeState.WAITING: frozenset(
        {ChangeState.WAITING, ChangeState.DONE, ChangeState.CANCELLED, ChangeState.REFUSED}
    ),
    ChangeState.DONE: frozenset(),
    ChangeState.CANCELLED: frozenset(),
    ChangeState.REFUSED: frozenset(),
}


class Next(StrEnum):
    """What is to be done with a change now."""

    REST = "rest"
    WAIT = "wait"
    CLOSE = "close"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``why``: what is waited for, or why it is refused."""

    next: Next
    why: str = ""


def first_state(rules: ModeChanges) -> ChangeState:
    """Of a change that was asked for just now: where no notice is needed, its instant is waited for
    at once."""
    return ChangeState.REQUESTED if rules.notice_days else ChangeState.NOTICED


def why_not_requested(
    terms: Terms, rules: ModeChanges, *, mode: Mode, today: date, now: datetime
) -> str | None:
    """Why an account of that mode cannot change so; none: it can. ``today``: its local day."""
    if terms.to is mode:
        return f"the account's mode is {mode} already"
    if terms.consent.at > now:
        return f"the customer would consent at {terms.consent.at.isoformat()}, which is to come"
    earliest = today + timedelta(days=rules.notice_days)
    if terms.first_day < earliest:
        return (
            f"the first day of the new mode would be {terms.first_day}: with a notice of "
            f"{rules.notice_days} days it is {earliest} at the earliest"
        )
    return None


def why_not_noticed(change: ModeChange, *, given_at: datetime, now: datetime) -> str | None:
    """Why that notice does not serve; none: it does."""
    if change.state is not ChangeState.REQUESTED:
        return f"the change is {change.state}, and waits for no notice"
    if given_at > now:
        return f"the notice would be given at {given_at.isoformat()}, which is to come"
    latest = change.effective_at - timedelta(days=change.rules.notice_days)
    if given_at > latest:
        return (
            f"the notice must be given {change.rules.notice_days} days before, by "
            f"{latest.isoformat()}; cancel the change, and ask for a later day"
        )
    return None


def next_of(change: ModeChange, ground: Ground, *, now: datetime) -> Outcome:
    """What follows for a change as of ``now``."""
    if not change.is_open or now < change.effective_at:
        return Outcome(Next.REST)
    if change.state is ChangeState.REQUESTED:
        days = change.rules.notice_days
        return Outcome(Next.REFUSE, f"no notice was given {days} days before it")
    if ground.unread_meters and not _may_go_without(change, now):
        named = ", ".join(ground.unread_meters[:_METERS_NAMED])
        more = len(ground.unread_meters) - _METERS_NAMED
        others = f" and {more} more" if more > 0 else ""
        return Outcome(Next.WAIT, f"readings of {named}{others}")
    if change.terms.to is Mode.PREPAY and not ground.is_signed:
        return Outcome(Next.WAIT, "a prepay agreement that the customer has signed")
    return Outcome(Next.CLOSE)


def _may_go_without(change: ModeChange, now: datetime) -> bool:
    days = change.rules.without_reading_after_days
    return days is not None and now >= change.effective_at + timedelta(days=days)


def closing_micro(*, balance_micro: int, opened_micro: int) -> int:
    """What the balance had at the change's instant, all that was paid since included: what it has
    now, without what the new agreement was charged (``opened_micro``).

    >>> closing_micro(balance_micro=-700, opened_micro=200)
    -500
    """
    return balance_micro + opened_micro


def owed_micro(change: ModeChange, closed_micro: int) -> int:
    """What becomes a debt as the old mode closes; 0: nothing."""
    if change.terms.to is not Mode.PREPAY or change.rules.owed != "debt":
        return 0
    return max(0, -closed_micro)
