"""What may start a cut, what is owed apart, what no more; instalments and what of them is due."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from prepay_ledger.debts.values import (
    Bill,
    BillCause,
    Debt,
    DebtTerms,
    Instalment,
    Treatment,
)

_MONTHS = 12


def treat(bill: Bill, terms: DebtTerms) -> Treatment:
    """Where a difference goes. What is to be given back goes to the balance, however old."""
    if bill.amount_micro <= 0:
        return Treatment.BALANCE
    if terms.limitation is not None and bill.used_until < months_after(
        bill.billed_on, -terms.limitation.months
    ):
        return Treatment.BARRED
    if bill.our_fault:
        return Treatment.DEBT
    is_old = (bill.billed_on - bill.used_until).days > terms.days
    is_correction = bill.cause is not BillCause.READING
    return Treatment.DEBT if is_correction and is_old else Treatment.BALANCE


def may_start_a_cut(bill: Bill, terms: DebtTerms) -> bool:
    """Whether the balance with this difference in it may be a reason to open the relay."""
    return treat(bill, terms) is Treatment.BALANCE


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


def due_micro(debt: Debt, today: date) -> int:
    """What of the instalments up to ``today`` is not paid yet; nothing without a plan."""
    asked = sum(each.amount_micro for each in debt.plan if each.due_on <= today)
    return max(0, min(asked, debt.amount_micro) - debt.paid_micro)


def payable_micro(due: int, *, balance_micro: int, keep_above_micro: int) -> int:
    """What of it the balance is asked for: it stays above ``keep_above_micro``, so that a debt
    makes nobody's balance low, and nobody dark."""
    return max(0, min(due, balance_micro - keep_above_micro - 1))
