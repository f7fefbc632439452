"""What a vendor may sell, where a payment went, and what of a name is shown: pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.debts.values import Debt
from prepay_ledger.providers.amounts import decimal_of
from prepay_ledger.vending.refusals import DayLimitReached, FloatUsedUp, NotASeller, VendorClosed
from prepay_ledger.vending.values import Parts, Vend, Vendor


def sold_micro(vendor: Vendor, today: date) -> int:
    """What it has sold on that business day."""
    return vendor.sold_micro if vendor.sold_on == today else 0


def sells(vendor: Vendor | None, subject: str) -> Vendor:
    """The vendor that the person sells for. Raises `NotASeller` where there is none."""
    if vendor is None:
        message = f"{subject} sells for no vendor by now: ask whoever runs the points of sale"
        raise NotASeller(message)
    return vendor


def check_is_open(vendor: Vendor) -> None:
    """Raises `VendorClosed`."""
    if not vendor.limits.is_open:
        message = f"vendor {vendor.code} is closed: it may not sell; nothing was taken"
        raise VendorClosed(message)


def check_may_sell(vendor: Vendor, amount_micro: int, *, today: date) -> None:
    """Raises `VendorClosed`, `DayLimitReached` or `FloatUsedUp`."""
    check_is_open(vendor)
    left_today = vendor.limits.day_limit_micro - sold_micro(vendor, today)
    if amount_micro > left_today:
        message = (
            f"vendor {vendor.code} may sell {_amount(max(0, left_today), vendor.currency)} more on "
            f"{today}, and {_amount(amount_micro, vendor.currency)} was asked for; nothing was "
            "taken"
        )
        raise DayLimitReached(message)
    left = vendor.balance_micro + vendor.limits.credit_limit_micro
    if amount_micro > left:
        message = (
            f"vendor {vendor.code} has {_amount(max(0, left), vendor.currency)} left to sell, and "
            f"{_amount(amount_micro, vendor.currency)} was asked for: pay in more first; nothing "
            "was taken"
        )
        raise FloatUsedUp(message)


def sold(vendor: Vendor, amount_micro: int, *, on: date) -> Vendor:
    """After it has sold that much on a business day; below zero: what it sold then was voided. Of
    days before its latest nothing is counted any more."""
    balance_micro = vendor.balance_micro - amount_micro
    if vendor.sold_on is not None and on < vendor.sold_on:
        return replace(vendor, balance_micro=balance_micro)
    before_micro = vendor.sold_micro if vendor.sold_on == on else 0
    return replace(
        vendor,
        balance_micro=balance_micro,
        sold_on=on,
        sold_micro=max(0, before_micro + amount_micro),
    )


def paid_off(before: Mapping[UUID, Debt], after: Mapping[UUID, Debt]) -> dict[UUID, int]:
    """What each debt was paid between two looks at what is owed; one that is gone was paid whole.

    >>> paid_off({}, {})
    {}
    """
    paid = {
        each.id: each.left_micro - (after[each.id].left_micro if each.id in after else 0)
        for each in before.values()
    }
    return {debt_id: micro for debt_id, micro in paid.items() if micro}


def parts_of(vend: Vend) -> Parts:
    """Where its money went: debts first, as agreed, then what was used below zero."""
    debts_micro = sum(vend.paid_off.values())
    rest = vend.order.amount_micro - debts_micro
    made_good = min(rest, max(0, -vend.balance_before_micro))
    return Parts(debts_micro, made_good, rest - made_good)


def masked(name: str) -> str:
    """Enough of a name to know it by, not enough to learn it: the first letter of each word.

    >>> masked("John Doe"), masked("张三"), masked("X")
    ('J*** D**', '张*', '*')
    """
    words = unicodedata.normalize("NFC", name).split()
    return " ".join(word[0] + "*" * (len(word) - 1) if len(word) > 1 else "*" for word in words)


def _amount(micro: int, currency: str) -> str:
    return f"{decimal_of(micro)} {currency}"
