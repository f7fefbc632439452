"""Amounts as providers write them, in micro-units, exactly.

ISO 4217 gives each currency its minor unit; providers count in it, with exceptions of their own.
"""

import re

_UNIT_MICRO = 1_000_000
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
    return amount * _micro_a_minor(currency)


def minor_of_micro(micro: int, currency: str) -> int:
    """The other way. Raises ValueError where it is no whole number of that unit."""
    amount, rest = divmod(micro, _micro_a_minor(currency))
    if rest:
        message = f"{micro} micro-units are no whole number of the smallest unit of {currency}"
        raise ValueError(message)
    return amount


def whole_minor(micro: int, currency: str) -> int:
    """As much of it as is a whole number of the currency's smallest unit, in micro-units.

    >>> whole_minor(33_333_334, "CNY"), whole_minor(33_333_334, "JPY")
    (33330000, 33000000)
    """
    return micro - micro % _micro_a_minor(currency)


def micro_of_decimal(text: str) -> int | None:
    """Decimal text such as ``88.80`` as micro-units; none for what is no such text."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    whole, part = found.groups()
    return int(whole) * 1_000_000 + int((part or "").ljust(6, "0"))


def decimal_of(micro: int) -> str:
    """As a person reads it: two decimals, more where there are more.

    >>> decimal_of(12_340_000), decimal_of(-1_000_000), decimal_of(5)
    ('12.34', '-1.00', '0.000005')
    """
    whole, rest = divmod(abs(micro), _UNIT_MICRO)
    decimals = f"{rest:06d}"
    return f"{'-' if micro < 0 else ''}{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def _micro_a_minor(currency: str) -> int:
    if currency in THREE_DECIMAL:
        return 1_000
    return 1_000_000 if currency in ZERO_DECIMAL else 10_000
