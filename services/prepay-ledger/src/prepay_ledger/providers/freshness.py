"""Whether a signed call is fresh: one that was caught on its way cannot be sent again later."""

from datetime import datetime, timedelta

from prepay_ledger.providers.values import BadSignature

TOLERANCE = timedelta(minutes=5)
_DIGITS_MAX = 12


def seconds_of(text: str, *, name: str) -> int:
    """Seconds since 1970, as a signed header gives them. Raises `BadSignature`."""
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS_MAX:
        message = f"{name} must be seconds since 1970"
        raise BadSignature(message)
    return int(text)


def require_fresh(at_s: float, now: datetime, *, tolerance: timedelta = TOLERANCE) -> None:
    """Raises `BadSignature` for what is older, or further ahead, than ``tolerance``."""
    age_s = now.timestamp() - at_s
    if abs(age_s) > tolerance.total_seconds():
        message = f"it is {age_s:.0f} s old; {tolerance.total_seconds():.0f} are allowed"
        raise BadSignature(message)
