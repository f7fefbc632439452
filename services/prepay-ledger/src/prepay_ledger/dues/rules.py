"""What is due and what is overdue of a post-paid account: pure.

Whatever is credited pays what is oldest: what is still owed up to a day is what the balance lacks,
without what was charged for later days. So no payment is set against a period, and a correction of
a period counts from the period's own due day on.
"""

from datetime import date, timedelta

from prepay_ledger.dues.values import Due, Dues, PostPaid


def dues_of(account: PostPaid, *, today: date) -> Dues:
    """As of ``today``, the utility's day: what is to be paid on a day is overdue on the next."""
    over = [each for each in account.periods if each.end <= today]
    rest_micro = sum(each.charged_micro for each in account.periods)
    before_micro = owed = _owed(account, rest_micro)
    arrears_micro = before_micro
    found: list[Due] = []
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
        owed = until
    return Dues(
        account=account,
        dues=found,
        before_micro=before_micro,
        unpaid_micro=owed,
        arrears_micro=arrears_micro,
        going_on_micro=rest_micro,
        above_limit_micro=max(0, -account.balance_micro - account.limit_micro),
    )


def _owed(account: PostPaid, later_micro: int) -> int:
    """What the balance lacks without what was charged for later days."""
    return max(0, -(account.balance_micro + later_micro))
