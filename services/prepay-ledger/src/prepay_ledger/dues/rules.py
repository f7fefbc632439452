"""What is due and what is overdue of a post-paid account: pure.

Whatever is credited pays what is oldest: what is still owed up to a day is what the balance lacks,
without what was charged for later days. So no payment is set against a period, and a correction of
a period counts from the period's own due day on.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

from prepay_ledger.dues.values import Aged, Due, Dues, PostPaid

_AGE_DAYS = 30
"""Arrears are told apart by these, as far as `Aged` has parts."""


def dues_of(account: PostPaid, *, today: date) -> Dues:
    """As of ``today``, the utility's day: what is to be paid on a day is overdue on the next. Late
    charges are told apart: what is paid pays what was used first."""
    over = [each for each in account.periods if each.end <= today]
    rest_micro = sum(each.charged_micro for each in account.periods)
    before_micro = owed = _owed(account, rest_micro)
    arrears_micro = before_micro
    found: list[Due] = []
    # What was owed by each day: that of before was due as they began.
    steps = [(account.since, before_micro)]
    for each in over:
        rest_micro -= each.charged_micro
        until = _owed(account, rest_micro)
        due_on = each.end + timedelta(days=account.due_days)
        is_overdue = due_on < today
        found.append(
            Due(
                period=each,
                due_on=due_on,
                unpaid_micro=max(0, until - owed),
                is_overdue=is_overdue and until > owed,
            )
        )
        if is_overdue:
            arrears_micro = until
            steps.append((due_on, until))
        owed = until
    return Dues(
        account=account,
        dues=found,
        before_micro=before_micro,
        unpaid_micro=owed,
        arrears_micro=arrears_micro,
        aged=_aged(steps, today=today),
        going_on_micro=rest_micro,
        late_unpaid_micro=max(0, -(account.balance_micro + rest_micro)) - owed,
        above_limit_micro=max(0, -account.balance_micro - account.limit_micro),
    )


def _aged(owed: Iterable[tuple[date, int]], *, today: date) -> Aged:
    """``owed``: days, and what was to be paid by each of them and is not, in their order. What is
    less by a later day has paid what is oldest."""
    layers: list[tuple[date, int]] = []
    for (_, before), (due_on, micro) in pairwise([(date.min, 0), *owed]):
        layers.append((due_on, max(0, micro - before)))
        layers = _paid_off(layers, max(0, before - micro))
    parts = [0] * len(Aged._fields)
    for due_on, micro in layers:
        parts[min((max(0, (today - due_on).days - 1)) // _AGE_DAYS, len(parts) - 1)] += micro
    return Aged(*parts)


def _paid_off(layers: Iterable[tuple[date, int]], micro: int) -> list[tuple[date, int]]:
    """The oldest first."""
    left: list[tuple[date, int]] = []
    for due_on, owed in layers:
        paid = min(owed, micro)
        micro -= paid
        left.append((due_on, owed - paid))
    return left


def _owed(account: PostPaid, later_micro: int) -> int:
    """What the balance lacks without late charges, and what was charged for later days."""
    return max(0, -(account.balance_micro + account.late_micro + later_micro))
