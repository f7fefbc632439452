"""One account through the hours of a range under one book of policies: pure.

It is looked at when the ledger looks: as the balance crosses a threshold, as a hold ends, and as
what it rests on changes. Nothing is decided between, so an account that comes near no limit costs
next to nothing.
"""

from collections.abc import Iterable

import numpy as np

from prepay_ledger.relays.values import Observed
from prepay_ledger.supply.thresholds import Thresholds
from prepay_ledger.what_if.hours import Hours, Micro
from prepay_ledger.what_if.look import Books, look, standing_of
from prepay_ledger.what_if.values import History, Outcome


def simulate(history: History, *, hours: Hours, books: Books) -> Outcome:
    """What would have become of the account. While it is dark it uses nothing."""
    count = hours.count
    paid = sums(history.paid_micro)
    lit = paid - sums(history.use_micro)
    # Before it was opened nothing is decided.
    hour = min(max(0, hours.from_on(history.account.opened_at)), count)
    balance = history.account.opening_micro + lit
    is_dark = np.zeros(count, dtype=np.bool_)
    changes = _changes(history, hours, books)
    moments: dict[Observed, list[int]] = {Observed.OPEN: [], Observed.LIMITED: []}
    warnings: list[int] = []
    standing = standing_of(history)
    while hour < count:
        before = standing.relay.observed
        standing, thresholds, again_at, is_warned = look(
            history,
            standing,
            balance_micro=int(balance[hour]),
            last_topup_micro=_last_topup(history, hour),
            books=books,
            zone=hours.zone,
            now=hours.at(hour),
        )
        now = standing.relay.observed
        if now is not before and now in moments:
            moments[now].append(hour)
        if is_warned:
            warnings.append(hour)
        moves = paid if now is Observed.OPEN else lit
        path = balance[hour] + moves[hour + 1 :] - moves[hour]
        until = min((each for each in changes if each > hour), default=count)
        if again_at is not None:
            until = min(until, max(hour + 1, hours.from_on(again_at)))
        until = min(until, hour + 1 + _crossing(path, thresholds))
        balance[hour + 1 : until + 1] = path[: until - hour]
        is_dark[hour:until] = now is Observed.OPEN
        hour = until
    return Outcome(
        is_dark=is_dark,
        balance_micro=balance,
        cuts=tuple(moments[Observed.OPEN]),
        limits=tuple(moments[Observed.LIMITED]),
        warnings=tuple(warnings),
    )


def sums(each_hour: Micro) -> Micro:
    """By the begin of each hour, and by the end of the last."""
    found = np.zeros(len(each_hour) + 1, dtype=np.int64)
    np.cumsum(each_hour, out=found[1:])
    return found


def _changes(history: History, hours: Hours, books: Books) -> Iterable[int]:
    """The hours in which something else than the balance may lead to another decision."""
    ends = (each for span in (*history.account.protected, *history.account.serves) for each in span)
    instants = [
        *(each.effective_from for each in books.policies.versions),
        *(each.terms.valid_from for each in history.account.agreements),
        *(
            each
            for period in history.account.periods
            for each in (period.begins_at, period.ends_at)
        ),
        *(each for each in ends if each is not None),
    ]
    within = {hours.from_on(each) for each in instants if each > hours.begins_at}
    within |= {each.hour + 1 for each in history.topups}
    return sorted(each for each in within if each < hours.count)


def _last_topup(history: History, hour: int) -> int | None:
    before = (each.micro for each in reversed(history.topups) if each.hour < hour)
    return next(before, history.account.last_topup_micro)


def _crossing(path: Micro, thresholds: Thresholds) -> int:
    """Of the balances of the hours to come, the first that leads to a decision; their number where
    none does."""
    crossed = np.zeros(len(path), dtype=np.bool_)
    if thresholds.at_micro is not None:
        crossed |= path <= thresholds.at_micro
    if thresholds.above_micro is not None:
        crossed |= path > thresholds.above_micro
    found = np.flatnonzero(crossed)
    return int(found[0]) if len(found) else len(path)
