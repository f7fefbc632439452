"""What may start a cut, what is owed apart, what no more; instalments and what of them is due."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from prepay_ledger.balances.values import OFF, Account
from prepay_ledger.debts.values import (
    Bill,
    BillCause,
    Collected,
    Corrected,
    Debt,
    DebtTerms,
    Instalment,
    NewDebt,
    PaidByTopup,
    Split,
    Standing,
    Treatment,
)
from prewatt_common.contracts.ledger_events_v1 import SupplyState

_MONTHS = 12


def is_long_ago(bill: Bill, terms: DebtTerms) -> bool:
    """Whether its period ended longer ago than what the balance is asked for."""
    return (bill.billed_on - bill.used_until).days > terms.days


def is_split(bill: Bill, terms: DebtTerms) -> bool:
    """Whether a difference is looked at here at all. What is read, or falls due, in its time is
    the balance's, whatever else is owed of the period."""
    return bill.cause is not BillCause.READING or bill.our_fault or is_long_ago(bill, terms)


def treat(bill: Bill, terms: DebtTerms) -> Treatment:
    """Where a difference goes, whatever its cause. What is to be given back goes to the balance,
    however old."""
    if bill.amount_micro <= 0:
        return Treatment.BALANCE
    if terms.limitation_months is not None and bill.used_from < months_after(
        bill.billed_on, -terms.limitation_months
    ):
        return Treatment.BARRED
    if bill.our_fault:
        return Treatment.DEBT
    return Treatment.DEBT if is_long_ago(bill, terms) else Treatment.BALANCE


def may_start_a_cut(bill: Bill, terms: DebtTerms) -> bool:
    """Whether the balance with this difference in it may be a reason to open the relay."""
    return treat(bill, terms) is Treatment.BALANCE


def split(
    bill: Bill,
    terms: DebtTerms,
    *,
    corrected: Corrected,
    left_micro: int,
    lowered_micro: int,
    spare_micro: int,
) -> Split:
    """Where a difference goes, by what earlier ones of its origin came to: their debts have
    ``left_micro`` left, after corrections lowered them by ``lowered_micro``.

    The parts are undone in the order opposite to that in which they are made, so that a correction
    and its opposite leave all as it was: what is given back is at first what was written off, then
    what is still owed, and the rest is the balance's; what is taken is at first what the balance
    was given. That is taken only as far as ``spare_micro`` goes, what the balance may lose without
    a cut. What is not new enough for the balance, or comes while something is owed, is owed too.
    What the law bars is asked of nobody, also where it undoes what was given back.
    """
    if bill.amount_micro <= 0:
        back_micro = -bill.amount_micro
        barred = min(back_micro, corrected.barred_micro)
        lowered = min(back_micro - barred, left_micro)
        return Split(
            balance_micro=-(back_micro - barred - lowered),
            reopened_micro=-lowered,
            barred_micro=-barred,
        )
    where = treat(bill, terms)
    if where is Treatment.BARRED:
        return Split(barred_micro=bill.amount_micro)
    given = max(0, min(bill.amount_micro, corrected.given_micro, spare_micro))
    reopened = min(bill.amount_micro - given, lowered_micro)
    rest = bill.amount_micro - given - reopened
    if where is Treatment.BALANCE and left_micro + reopened > 0:
        where = Treatment.DEBT
    return Split(
        balance_micro=given + (rest if where is Treatment.BALANCE else 0),
        reopened_micro=reopened,
        debt_micro=rest if where is Treatment.DEBT else 0,
    )


def split_all(
    bills: Sequence[tuple[Bill, Standing]], terms: DebtTerms, *, spare_micro: int
) -> Sequence[Split]:
    """Where an account's differences go, each of an origin of its own, in the turn in which they
    are split; ``spare_micro``: what the balance may lose without a cut before any of them."""
    found: list[Split] = []
    for bill, standing in sorted(bills, key=lambda each: turn_of(each[0], terms)):
        parts = split(
            bill,
            terms,
            corrected=standing.corrected,
            left_micro=standing.left_micro,
            lowered_micro=standing.lowered_micro,
            spare_micro=spare_micro,
        )
        spare_micro -= parts.balance_micro
        found.append(parts)
    return found


def turn_of(bill: Bill, terms: DebtTerms) -> int:
    """What is given back comes first, then what the balance has to bear: what else is taken of it
    meets what is left."""
    if bill.amount_micro < 0:
        return 0
    return 1 if treat(bill, terms) is Treatment.BALANCE else 2


def corrected_by(parts: Split, corrected: Corrected) -> Corrected:
    """What the origin's corrections have come to with these parts."""
    return Corrected(
        given_micro=max(0, corrected.given_micro - parts.balance_micro),
        barred_micro=corrected.barred_micro + parts.barred_micro,
    )


def may_join(debt: Debt, new: NewDebt) -> bool:
    """Whether what was read is owed by that debt of the same origin, which nobody has agreed
    about."""
    is_read = debt.cause is new.cause is BillCause.READING
    return is_read and debt.our_fault == new.our_fault and debt.planned is None


def plan_of(amount_micro: int, *, instalments: int, first_due: date) -> Sequence[Instalment]:
    """So many, a month apart, that sum to the amount; the first ones are larger by a micro-unit at
    most. Raises ValueError for more instalments than micro-units, or none."""
    if not 1 <= instalments <= amount_micro:
        message = f"{amount_micro} micro-units cannot be paid in {instalments} instalments"
        raise ValueError(message)
    each, rest = divmod(amount_micro, instalments)
    return [
        Instalment(months_after(first_due, n), each + (1 if n < rest else 0))
        for n in range(instalments)
    ]


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or before; the month's last where it has none such.

    >>> months_after(date(2026, 1, 31), 1), months_after(date(2024, 2, 29), -12)
    (datetime.date(2026, 2, 28), datetime.date(2023, 2, 28))
    """
    year, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def due_micro(debt: Debt, today: date, *, collected: Sequence[Collected] = ()) -> int:
    """What is asked for ``today``: of the instalments up to then what is not paid yet, but no more
    in a calendar month than one instalment: what was held over is not taken all at once. Nothing
    without a plan. ``collected``: what the customer's bank was asked for, whose debts' ever."""
    if is_held(debt, today):
        return 0
    due = sum(each.amount_micro for each in debt.ahead if each.due_on <= today)
    month = today.replace(day=1)
    taken_micro = debt.taken_micro if debt.taken_month == month else 0
    taken_micro += sum(
        each.amount_micro
        for each in collected
        if each.debt_id == debt.id and not each.is_open and each.due_on.replace(day=1) == month
    )
    most_micro = max((each.amount_micro for each in debt.plan), default=0)
    return max(0, min(due, most_micro - taken_micro))


def asked_of_balance_micro(debt: Debt, today: date, collected: Sequence[Collected]) -> int:
    """Likewise of the balance: nothing while the customer's bank is asked for it, so that nobody
    pays it twice."""
    if any(each.is_open and each.debt_id == debt.id for each in collected):
        return 0
    return due_micro(debt, today, collected=collected)


def taken(debt: Debt, micro: int, today: date) -> Debt:
    """The debt after instalments took so much of the balance."""
    month = today.replace(day=1)
    before_micro = debt.taken_micro if debt.taken_month == month else 0
    return replace(debt, taken_month=month, taken_micro=before_micro + micro)


def came_back_lately(back_at: datetime | None, terms: DebtTerms, *, at: datetime) -> bool:
    """Whether supply is back for so short a time that no instalment is taken yet."""
    return back_at is not None and at < back_at + timedelta(days=terms.days_after_return)


def is_held(debt: Debt, today: date) -> bool:
    """Whether a person has paused it."""
    return debt.paused_until is not None and today < debt.paused_until


def share_micro(topup_micro: int, debt: Debt, terms: DebtTerms, *, paid_lately_micro: int) -> int:
    """What a top-up pays of the debt, as far as the balance allows: the agreed part of it, rounded
    down, within what top-ups may pay in some days."""
    if debt.topup_share_ppm is None:
        return 0
    agreed = min(topup_micro * debt.topup_share_ppm // 1_000_000, debt.left_micro)
    if terms.topup_cap_micro is None:
        return agreed
    return max(0, min(agreed, terms.topup_cap_micro - paid_lately_micro))


def still_paid_micro(paid: PaidByTopup, *, left_micro: int) -> int:
    """What a debt keeps of what a top-up paid, once ``left_micro`` of the top-up are left: the same
    part, rounded down, so that the balance loses no more than it was given.

    >>> paid = PaidByTopup(UUID(int=1), 7, topup_micro=100, first_micro=33, now_micro=33)
    >>> [still_paid_micro(paid, left_micro=left) for left in (100, 50, 1, 0)]
    [33, 16, 0, 0]
    """
    return min(paid.first_micro, paid.first_micro * left_micro // paid.topup_micro)


def is_paused(state: SupplyState, terms: DebtTerms) -> bool:
    """Whether nothing is taken of an account in that state."""
    return terms.paused_while_off and state in OFF


def is_bridging(account: Account, terms: DebtTerms) -> bool:
    """Whether no instalment is taken, as the account has emergency credit to repay first."""
    return terms.paused_in_emergency and account.emergency_credit_micro > 0


def keep_above_micro(account: Account, terms: DebtTerms) -> int:
    """What debts leave of a balance: more than where the customer is warned, more than the
    overdraft, and, while supply is off, more than what brings it back."""
    kept_micro = max(account.low_balance_micro, -account.overdraft_micro)
    return max(kept_micro, terms.back_above_micro) if account.supply_state in OFF else kept_micro


def payable_micro(due: int, *, balance_micro: int, keep_above_micro: int) -> int:
    """What of it the balance is asked for: it stays above ``keep_above_micro``, so that a debt
    makes nobody's balance low, and nobody dark."""
    return max(0, min(due, balance_micro - keep_above_micro - 1))
