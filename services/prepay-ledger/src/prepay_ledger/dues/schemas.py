"""What a post-paid account has to pay, over HTTP. Money: integer micro-units."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.dues.values import Dues

PERIODS_SHOWN = 36
"""Three years of months; the sums are of all."""


class DueOut(BaseModel):
    """A period that is over: what it came to, by when it is to be paid, and what of it is not."""

    agreement_id: UUID
    period_first: date
    period_end: date
    charged_micro: int
    due_on: date
    unpaid_micro: int
    is_overdue: bool


class AgedOut(BaseModel, from_attributes=True):
    """Arrears by how many days they are overdue; the parts sum to them. What was owed before the
    first day that is paid afterwards is overdue from that day on."""

    days_1_to_30_micro: int
    days_31_to_60_micro: int
    days_61_to_90_micro: int
    over_90_days_micro: int


class ArrearsOut(BaseModel):
    """What a post-paid account that owes has not paid in time; ``unpaid_micro``: with what is not
    overdue yet, of periods that are over; ``late_unpaid_micro``: late charges besides."""

    account_id: UUID
    number: str
    currency: str
    unpaid_micro: int
    arrears_micro: int
    aged: AgedOut
    late_unpaid_micro: int


class DuesOut(BaseModel):
    """What is to be paid. ``before_micro``: what was owed before ``since``, the first day that is
    paid afterwards, and is not paid; ``unpaid_micro``: that and what is unpaid of all periods that
    are over; ``arrears_micro``: what of it is due and not paid, ``aged`` for how long;
    ``going_on_micro``: charged so far of what is not over, and not due; ``late_unpaid_micro``: late
    charges that are not paid, besides all these. ``limit_micro``: what the balance may lack as
    agreed, and ``above_limit_micro`` what it lacks besides: nobody is cut for it. ``periods``: the
    last 36."""

    account_id: UUID
    currency: str
    since: date
    balance_micro: int
    limit_micro: int
    above_limit_micro: int
    before_micro: int
    unpaid_micro: int
    arrears_micro: int
    aged: AgedOut
    going_on_micro: int
    late_unpaid_micro: int
    periods: list[DueOut]


def dues_out(found: Dues) -> DuesOut:
    """As it is shown, the newest period first."""
    account = found.account
    return DuesOut(
        account_id=account.account_id,
        currency=account.currency,
        since=account.since,
        balance_micro=account.balance_micro,
        limit_micro=account.limit_micro,
        above_limit_micro=found.above_limit_micro,
        before_micro=found.before_micro,
        unpaid_micro=found.unpaid_micro,
        arrears_micro=found.arrears_micro,
        aged=AgedOut.model_validate(found.aged),
        going_on_micro=found.going_on_micro,
        late_unpaid_micro=found.late_unpaid_micro,
        periods=[
            DueOut(
                agreement_id=each.period.agreement_id,
                period_first=each.period.first,
                period_end=each.period.end,
                charged_micro=each.period.charged_micro,
                due_on=each.due_on,
                unpaid_micro=each.unpaid_micro,
                is_overdue=each.is_overdue,
            )
            for each in reversed(found.dues[-PERIODS_SHOWN:])
        ],
    )


def arrears_out(found: Dues) -> ArrearsOut:
    """As it is listed."""
    account = found.account
    return ArrearsOut(
        account_id=account.account_id,
        number=account.number,
        currency=account.currency,
        unpaid_micro=found.unpaid_micro,
        arrears_micro=found.arrears_micro,
        aged=AgedOut.model_validate(found.aged),
        late_unpaid_micro=found.late_unpaid_micro,
    )
