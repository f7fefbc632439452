"""Amounts as providers write them, in micro-units, exactly.

ISO 4217 gives each currency its minor unit; providers count in it, with exceptions of their own.
"""

import re

_DIGITS_MAX = 15
_DECIMAL = re.compile(rf"([0-9]{{1,{_DIGITS_MAX}}})(?:\.([0-9]{{1,6}}))?")
ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
"""docs.stripe.com/currencies#zero-decimal. ISK and UGX have no decimals either, and are written
with two all the same."""
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def micro_of_minor(amount: int, currency: str) -> int:
    """``amount`` in the smallest unit that Stripe counts ``currency`` in, as micro-units."""
    if currency in THREE_DECIMAL:
        return amount * 1_000
    if currency in ZERO_DECIMAL:
        return amount * 1_000_000
    return amount * 10_000


def micro_of_decimal(text: str) -> int | None:
    """Decimal text such as ``88.80`` as micro-units; none for what is no such text."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    whole, part = found.groups()
    return int(whole) * 1_000_000 + int((part or "").ljust(6, "0"))
