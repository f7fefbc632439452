"""Columns of many rows as one text each, in the forms that PostgreSQL reads an array from.

asyncpg takes an array too, and looks at each of its elements as it may be an array itself: 0.4
CPU-us each, which for the thousands of rows of a batch is more than all else that is done with
them. Such a text is made in 0.1 us a row. Only for rows by the thousand, and not for UUIDs, which
PostgreSQL reads from text in 1.1 us each.
"""

from collections.abc import Sequence


def numbers(values: list[int]) -> str:
    """For ``$1::text::bigint[]``. Python's own integers: numpy's, and what is true or false, say
    something else of themselves.

    >>> numbers([1, -2])
    '{1, -2}'
    """
    return f"{{{str(values)[1:-1]}}}"


def lines(values: Sequence[str]) -> str:
    r"""For ``string_to_array($1, E'\n')``: texts that are not empty and have no line break in them.
    Raises ValueError for one that is or has, as rows would move.

    >>> lines(["one", "another"])
    'one\nanother'
    """
    joined = "\n".join(values)
    if joined.count("\n") != max(len(values) - 1, 0) or not all(values):
        message = "a text with a line break, or an empty one, in a column of lines"
        raise ValueError(message)
    return joined
