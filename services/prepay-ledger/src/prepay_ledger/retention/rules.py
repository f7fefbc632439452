"""Which days may leave."""

from datetime import date

_MONTHS_A_YEAR = 12


def first_day_kept(open_day: date, *, months: int) -> date:
    """The first posting day that stays in the database while ``open_day`` is open, with ``months``
    whole months before its own.

    >>> first_day_kept(date(2026, 11, 30), months=25)
    datetime.date(2024, 10, 1)
    """
    year, month = divmod(open_day.year * _MONTHS_A_YEAR + open_day.month - 1 - months, 12)
    return date(year, month + 1, 1)
