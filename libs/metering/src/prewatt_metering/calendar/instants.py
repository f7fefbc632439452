"""Instants of the pure core: integer microseconds UTC since 1970 (``at_us``).

Exact, quick to compare, and they fit numpy's int64. Datetimes stay at the edge, and these two
functions are that edge.
"""

from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def us_of(at: datetime) -> int:
    """Microseconds UTC since 1970 of an aware datetime. Raises ValueError for a naive one.

    >>> us_of(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    if at.tzinfo is None:
        message = f"{at.isoformat()} names no offset from UTC, so it is no instant"
        raise ValueError(message)
    return (at - _EPOCH) // _MICROSECOND


def instant_of(at_us: int) -> datetime:
    """The UTC datetime. Raises ValueError outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=at_us)
    except OverflowError:
        message = f"{at_us} microseconds since 1970 is no instant of the years 1 to 9999"
        raise ValueError(message) from None
