"""What follows from looking at an account today: what its statements' late days cost by now, and
when it is looked at again. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from prepay_ledger.late_charges.rules import (
    Paid,
    is_payable,
    most_of,
    reckon,
    without_late_charges,
)
from prepay_ledger.late_charges.values import (
    Change,
    Ground,
    Movement,
    Posted,
    Reckoned,
    Terms,
    Wanted,
)

_DAY = timedelta(days=1)


class Look(NamedTuple):
    """``wanted``: what its statements are to be charged by now, each once; ``came``: what was paid
    of what was used by money that came; ``paid_micro``: what was paid of late charges; ``look_on``:
    the day on which it is looked at again, none: once something else asks for it."""

    ground: Ground
    terms: Sequence[Terms]
    wanted: Sequence[Wanted]
    came: Paid
    paid_micro: int
    look_on: date | None

    @property
    def balance_micro(self) -> int:
        """Once what is wanted is posted."""
        return self.ground.account.balance_micro - sum(each.amount_micro for each in self.wanted)

    @property
    def late_micro(self) -> int:
        """What all its statements are charged then."""
        return sum(each.after.posted.charged_micro for each in self.wanted)


def look_at(ground: Ground, terms: Sequence[Terms], *, today: date) -> Look:
    """For all days that are over. What a file of debits has asked the bank for counts as paid until
    the bank says no. ``terms``: of each claim of ``ground``."""
    through, currency = today - _DAY, ground.account.currency
    came, paid_micro = _paid(ground, ground.movements, terms)
    counted = came
    if ground.presented:
        counted, _ = _paid(ground, [*ground.movements, *ground.presented], terms)
    found = [
        reckon(claim, counted, terms=its, through=through, currency=currency)
        for claim, its in zip(ground.claims, terms, strict=True)
    ]
    wanted: list[Wanted] = []
    for claim, its, each in zip(ground.claims, terms, found, strict=True):
        before = ground.posted.get(claim.statement_id, Posted())
        change = Change(
            statement_id=claim.statement_id,
            through=through,
            posted=before._replace(accrued_micro=each.accrued_micro),
            spans=each.spans,
            policy_number=its.policy_number,
            customer_class=its.customer_class,
        )
        wanted.append(Wanted(ground.account, before, change))
    look_on = next_look(ground, terms, found, paid=came, today=today)
    return Look(ground, terms, wanted, came, paid_micro, look_on)


def next_look(
    ground: Ground,
    terms: Sequence[Terms],
    found: Sequence[Reckoned],
    *,
    paid: Paid,
    today: date,
) -> date | None:
    """The first day on which time alone costs something, or has somebody reminded. None: no day
    does. What moves the balance, and another statement, ask for a look by themselves."""
    tomorrow = today + _DAY
    days: list[date] = []
    for claim, its, each in zip(ground.claims, terms, found, strict=True):
        if not is_payable(claim.open_micro(paid.in_all), ground.account.currency):
            continue
        if claim.due_on >= today:
            # By which policy is known on the day after it.
            days.append(claim.due_on + _DAY)
            continue
        charge = its.charge
        if charge is not None and (ground.presented or each.accrued_micro < most_of(claim, charge)):
            return tomorrow
        told = max(ground.reminded.get(claim.statement_id, ()), default=0)
        steps = [claim.due_on + timedelta(days) for days in its.reminder_days if days > told]
        days += [max(each, tomorrow) for each in steps]
    return min(days, default=None)


def _paid(
    ground: Ground, movements: Sequence[Movement], terms: Sequence[Terms]
) -> tuple[Paid, int]:
    """What these paid of what was used, and how much of late charges."""
    left, paid_micro = without_late_charges(
        ground.claims,
        movements,
        terms=terms,
        waived=ground.posted,
        currency=ground.account.currency,
    )
    return Paid(left), paid_micro
