"""How shares are compared: pure, and the one place where there are floats, of no money."""

from math import sqrt
from typing import NamedTuple

_Z = 1.959964
"""Of a 95 % interval."""
_PPM = 1_000_000
SHOWN_FROM = 10
"""A smaller number of a sub-group is not shown: it would tell of single households."""


class Share(NamedTuple):
    """``those`` of ``of``, and the 95 % interval of the share behind it, in millionths. None of
    none at all."""

    those: int
    of: int
    ppm: int | None
    low_ppm: int | None
    high_ppm: int | None


class Difference(NamedTuple):
    """By how much one share is above another, with its 95 % interval, in millionths."""

    ppm: int
    low_ppm: int
    high_ppm: int


def share(those: int, of: int) -> Share:
    """Wilson's score interval: E. B. Wilson, Probable inference, the law of succession, and
    statistical inference, JASA 22 (1927), 209-212.

    >>> share(10, 100)
    Share(those=10, of=100, ppm=100000, low_ppm=55229, high_ppm=174366)
    """
    if of == 0:
        return Share(0, 0, None, None, None)
    low, high = _wilson(those, of)
    return Share(those, of, round(those / of * _PPM), round(low * _PPM), round(high * _PPM))


def difference(one: Share, other: Share) -> Difference | None:
    """Newcombe's hybrid score interval, from both Wilson intervals: R. G. Newcombe, Interval
    estimation for the difference between independent proportions, Statistics in Medicine 17
    (1998), 873-890, method 10. None where either is of none.

    >>> difference(share(56, 70), share(48, 80))
    Difference(ppm=200000, low_ppm=52431, high_ppm=333873)
    """
    if not one.of or not other.of:
        return None
    first, second = one.those / one.of, other.those / other.of
    low1, high1 = _wilson(one.those, one.of)
    low2, high2 = _wilson(other.those, other.of)
    found = first - second
    low = found - sqrt((first - low1) ** 2 + (high2 - second) ** 2)
    high = found + sqrt((high1 - first) ** 2 + (second - low2) ** 2)
    return Difference(round(found * _PPM), round(low * _PPM), round(high * _PPM))


def shown(count: int) -> int | None:
    """A number of a sub-group, or none where it is too small to be shown."""
    return None if 0 < count < SHOWN_FROM else count


def _wilson(count: int, of: int) -> tuple[float, float]:
    found, square = count / of, _Z * _Z
    middle = (found + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * sqrt(found * (1 - found) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
