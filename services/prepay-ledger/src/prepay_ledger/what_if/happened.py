"""What really happened to an account, hour by hour, from what is stored of it: pure.

A day's charge is one row, so where in the day it fell is known at the account's decisions alone,
which keep the balance of that instant; between them it is spread over the hours with supply.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate

import numpy as np

from prepay_ledger.what_if.hours import Flags, Hours, Micro, spread
from prepay_ledger.what_if.simulate import sums
from prepay_ledger.what_if.values import Account, History, Move, Outcome, Seen, TopUp
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_metering.calendar.instants import HOUR_US, us_of


def history_of(
    account: Account,
    *,
    charged_micro: Sequence[int],
    charged_wh: Sequence[int],
    moves: Sequence[Move],
    seen: Sequence[Seen],
    hours: Hours,
) -> tuple[History, Outcome]:
    """``charged_micro``, ``charged_wh``: of each posting day. ``moves``, ``seen``: of the range, in
    the order of their instants."""
    is_dark = _dark(account, seen, hours)
    use_micro, use_wh = hours.evenly(charged_micro), hours.evenly(charged_wh)
    known = _known(account, charged_micro, moves, seen, hours)
    for number in {*known, *hours.day_of[is_dark].tolist()}:
        micro, wh = charged_micro[number], charged_wh[number]
        day = slice(hours.firsts[number], hours.firsts[number + 1])
        upto = known.get(number, ())
        use_micro[day] = spread(micro, lit=~is_dark[day], known=upto)
        wh_upto = [(hour, wh * each // micro) for hour, each in upto]
        use_wh[day] = spread(wh, lit=~is_dark[day], known=wh_upto)
    paid_micro = np.zeros(hours.count, dtype=np.int64)
    topups: list[TopUp] = []
    for move in moves:
        hour = _hour_of(move.at, hours)
        paid_micro[hour] += move.micro
        if move.is_topup and move.micro > 0:
            topups.append(TopUp(hour, move.micro))
    history = History(
        account=account,
        use_micro=_had_there_been_supply(use_micro, is_dark),
        use_wh=_had_there_been_supply(use_wh, is_dark),
        paid_micro=paid_micro,
        topups=tuple(topups),
        day_micro=max(0, sum(charged_micro) // len(hours.days)),
    )
    outcome = Outcome(
        is_dark=is_dark,
        balance_micro=account.opening_micro + sums(paid_micro - use_micro),
        cuts=_moments(seen, account.begin.is_dark, hours),
        limits=_limits(seen, account.begin.state, hours),
        warnings=tuple(_seen_in(each.at, hours) for each in seen if each.is_warned),
    )
    return history, outcome


def at_other_prices(
    history: History,
    *,
    is_dark: Flags,
    charged_micro: Sequence[int],
    more_micro: Sequence[int],
    hours: Hours,
) -> History:
    """As if more had been charged on each day, in proportion to what was charged in its hours."""
    use_micro = history.use_micro.copy()
    for number, more in enumerate(more_micro):
        if more:
            day = slice(hours.firsts[number], hours.firsts[number + 1])
            use_micro[day] += _in_proportion(more, use_micro[day], lit=~is_dark[day])
    total = sum(charged_micro) + sum(more_micro)
    return replace(
        history,
        use_micro=_had_there_been_supply(use_micro, is_dark),
        day_micro=max(0, total // len(hours.days)),
    )


def _in_proportion(more: int, use: Micro, *, lit: Flags) -> Micro:
    """``more`` where there was supply, as ``use`` is; evenly where nothing was charged."""
    # Python's integers: a product of two amounts may be too large for numpy's.
    parts: list[int] = np.where(lit, use, 0).tolist()
    total = sum(parts)
    if total <= 0 or min(parts) < 0:
        return spread(more, lit=lit)
    upto = [more * each // total for each in accumulate(parts, initial=0)]
    return np.diff(np.array(upto, dtype=np.int64))


def _dark(account: Account, seen: Sequence[Seen], hours: Hours) -> Flags:
    """To the hour: what begins or ends within one counts from the next on."""
    found = np.full(hours.count, account.begin.is_dark, dtype=np.bool_)
    for each in seen:
        found[hours.from_on(each.at) :] = each.is_dark
    return found


def _known(
    account: Account,
    charged_micro: Sequence[int],
    moves: Sequence[Move],
    seen: Sequence[Seen],
    hours: Hours,
) -> dict[int, list[tuple[int, int]]]:
    """Of each day in which something was decided: how much of its charge there was by then."""
    found: dict[int, list[tuple[int, int]]] = {}
    charged_before = [0, *np.cumsum(np.array(charged_micro, dtype=np.int64)).tolist()]
    for each in seen:
        hour = _hour_of(each.at, hours)
        number = hours.day_number(hour)
        paid = sum(move.micro for move in moves if move.at <= each.at)
        upto = account.opening_micro + paid - charged_before[number] - each.balance_micro
        # What was corrected since may have made it less or more.
        before = found.setdefault(number, [])
        least = before[-1][1] if before else 0
        if charged_micro[number] > 0:
            upto = min(max(upto, least), charged_micro[number])
            before.append((hours.from_on(each.at) - hours.firsts[number], upto))
    return found


def _had_there_been_supply(use: Micro, is_dark: Flags) -> Micro:
    if not is_dark.any():
        return use
    lit = use[~is_dark]
    mean = int(lit.sum()) // len(lit) if len(lit) else 0
    return np.where(is_dark, np.int64(mean), use)


def _moments(seen: Sequence[Seen], was_dark: bool, hours: Hours) -> tuple[int, ...]:
    found: list[int] = []
    for each in seen:
        if each.is_dark and not was_dark:
            found.append(_seen_in(each.at, hours))
        was_dark = each.is_dark
    return tuple(found)


def _limits(seen: Sequence[Seen], before: SupplyState, hours: Hours) -> tuple[int, ...]:
    found: list[int] = []
    for each in seen:
        if each.state is SupplyState.LIMITED and before is not SupplyState.LIMITED:
            found.append(_seen_in(each.at, hours))
        before = each.state
    return tuple(found)


def _hour_of(at: datetime, hours: Hours) -> int:
    """The hour that an instant lies in; what was posted to a day and came a moment before or after
    it, the nearest."""
    return min(max((us_of(at) - hours.begin_us) // HOUR_US, 0), hours.count - 1)


def _seen_in(at: datetime, hours: Hours) -> int:
    return min(hours.from_on(at), hours.count - 1)
