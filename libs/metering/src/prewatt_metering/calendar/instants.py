"""Instants of the pure core: integer microseconds UTC since 1970 (``at_us``).

Exact, quick to compare, and they fit numpy's int64. Datetimes stay at the edge, and these
functions are that edge.
"""

from datetime import UTC, date, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_DAY = EPOCH.toordinal()


def us_of(at: datetime) -> int:
    """Microseconds UTC since 1970 of an aware datetime. Raises ValueError for a naive one.

    >>> us_of(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    if at.tzinfo is None:
        message = f"{at.isoformat()} names no offset from UTC, so it is no instant"
        raise ValueError(message)
    return (at - EPOCH) // _MICROSECOND


def instant_of(at_us: int) -> datetime:
    """The UTC datetime. Raises ValueError outside the years 1 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=at_us)
    except OverflowError:
        message = f"{at_us} microseconds since 1970 is no instant of the years 1 to 9999"
        raise ValueError(message) from None


def utc_day_us(day: date) -> int:
    """The first instant of a day in UTC.

    >>> utc_day_us(date(1970, 1, 2))
    86400000000
    """
    return (day.toordinal() - _EPOCH_DAY) * DAY_US


def utc_day_of(at_us: int) -> date:
    """The day in UTC that an instant lies in. Raises ValueError outside the years 1 to 9999.

    >>> utc_day_of(86_400_000_000 - 1)
    datetime.date(1970, 1, 1)
    """
    return date.fromordinal(_EPOCH_DAY + at_us // DAY_US)
