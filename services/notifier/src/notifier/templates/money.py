"""Integer micro-units as a person reads them."""

from decimal import ROUND_HALF_UP, Decimal

_MICRO = Decimal(1_000_000)
_DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
"""Of ISO 4217 currencies; the others have two."""
_SIGNS = {"CNY": "¥"}


def money_text(amount_micro: int, currency: str) -> str:
    """``¥12.30`` or ``12.30 EUR``; rounded half up, never a negative zero."""
    exponent = Decimal(1).scaleb(-_DECIMALS.get(currency, 2))
    amount = (Decimal(abs(amount_micro)) / _MICRO).quantize(exponent, ROUND_HALF_UP)
    sign = "-" if amount_micro < 0 and amount else ""
    if currency in _SIGNS:
        return f"{sign}{_SIGNS[currency]}{amount}"
    return f"{sign}{amount} {currency}"
