"""Which ledger account a line of a charge is posted to."""

from collections.abc import Iterable, Mapping

from prepay_ledger.journal.values import UtilityAccount
from prewatt_metering.rating.lines import Line

_OF_KIND = {
    "energy": UtilityAccount.REVENUE_ENERGY,
    "blocks": UtilityAccount.REVENUE_ENERGY,
    "tables": UtilityAccount.REVENUE_ENERGY,
    "purchased": UtilityAccount.REVENUE_ENERGY,
    "standing": UtilityAccount.REVENUE_STANDING,
    "fixed": UtilityAccount.REVENUE_STANDING,
    "minimum": UtilityAccount.REVENUE_STANDING,
    "capacity": UtilityAccount.REVENUE_CAPACITY,
    "demand": UtilityAccount.REVENUE_CAPACITY,
    "power_factor": UtilityAccount.REVENUE_CAPACITY,
    "levy": UtilityAccount.TAX,
    "energy_levy": UtilityAccount.TAX,
    "discount": UtilityAccount.DISCOUNTS,
    "rounding": UtilityAccount.ROUNDING,
}


def account_of(kind: str) -> str:
    """The ledger account of a line that nobody else bears. Raises KeyError for a kind of line that
    nobody has given one."""
    return _OF_KIND[kind]


def postings_of(lines: Iterable[Line]) -> dict[str, int]:
    """Micro-units by ledger account; what somebody else bears is a subsidy that they owe."""
    postings: dict[str, int] = {}
    for line in lines:
        if line.amount_micro == 0:
            continue
        name = f"subsidy:{line.paid_by}" if line.paid_by is not None else account_of(line.kind)
        postings[name] = postings.get(name, 0) + line.amount_micro
    return {name: micro for name, micro in postings.items() if micro}


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What is to be posted so that what was posted becomes ``after``."""
    return {
        name: micro
        for name in {**before, **after}
        if (micro := after.get(name, 0) - before.get(name, 0))
    }
