"""Two sides of a day compared, sale by sale: pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from prepay_ledger.account_checks.values import Difference, Finding, OurSale, TheirSale


def compared(theirs: Iterable[TheirSale], ours: Iterable[OurSale]) -> list[Finding]:
    """What differs, in the order of the keys. A sale of ours that is void counts as none, and is
    named where the vendor has it."""
    here = {sale.key: sale for sale in ours}
    there = {sale.key: sale for sale in theirs}
    findings = [_finding(key, there.get(key), here.get(key)) for key in sorted({*here, *there})]
    return [each for each in findings if each is not None]


def to_keep(
    findings: Sequence[Finding], resolved: Mapping[str, Sequence[Finding]]
) -> list[Finding]:
    """Those that nobody has resolved just so: of a key that differs otherwise by now somebody has
    to decide again."""
    return [each for each in findings if each not in resolved.get(each.key, ())]


def fingerprint(sales: Sequence[TheirSale]) -> bytes:
    """SHA-256 of a day as it was told, in whatever order."""
    lines = sorted((sale.key, sale.account_number, sale.amount_micro) for sale in sales)
    return hashlib.sha256(repr(lines).encode()).digest()


def _finding(key: str, there: TheirSale | None, here: OurSale | None) -> Finding | None:
    stands = None if here is None or here.is_void else here
    if there is None and stands is None:
        return None
    if there is None:
        difference = Difference.MISSING_THERE
    elif stands is None:
        difference = Difference.MISSING_HERE
    elif there.account_number != stands.account_number:
        difference = Difference.OTHER_ACCOUNT
    elif there.amount_micro != stands.amount_micro:
        difference = Difference.OTHER_AMOUNT
    else:
        return None
    return Finding(
        key=key,
        difference=difference,
        vend_id=None if here is None else here.id,
        their_account=None if there is None else there.account_number,
        their_micro=None if there is None else there.amount_micro,
        our_account=None if stands is None else stands.account_number,
        our_micro=None if stands is None else stands.amount_micro,
    )
