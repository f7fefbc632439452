"""Lines of a charge, and the one way an amount is rounded."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PPM = 1_000_000
WH_PER_KWH = 1_000


class Unit(StrEnum):
    """What a line counts; its price is per kWh, day, kVA-month, kW-month, or it is a share."""

    WH = "wh"
    DAY = "day"
    VA = "va"
    W = "w"
    SHARE = "ppm"
    """Quantity is the amount that the share is taken of, price the ppm."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: amounts are whole micro-units, rounded once, half up.

    ``component`` is the document's name, ``detail`` what tells its lines apart (a time-of-use name,
    a block's end in Wh). ``paid_by`` names who bears a negative line; none is the utility.
    """

    kind: str
    component: str
    detail: str = ""
    quantity: int
    unit: Unit
    price_micro: int
    amount_micro: int
    paid_by: str | None = None


def half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to a quotient, halves towards plus infinity.

    >>> half_up(5, 10), half_up(-5, 10), half_up(-15, 10)
    (1, 0, -1)
    """
    return (2 * numerator + denominator) // (2 * denominator)


def priced_wh(wh: int, micro_per_kwh: int) -> int:
    """Micro-units of an energy: the product is exact in 1e-9 and rounded once."""
    return half_up(wh * micro_per_kwh, WH_PER_KWH)


def total_micro(lines: Iterable[Line]) -> int:
    """What the lines come to."""
    return sum(line.amount_micro for line in lines)


def shared_out(total: int, weights: dict[str, int]) -> dict[str, int]:
    """``total`` over the names in proportion, in integers that sum to it; all on the first name
    where nothing has weight.

    >>> shared_out(10, {"a": 1, "b": 2})
    {'a': 3, 'b': 7}
    """
    whole = sum(weights.values())
    if whole == 0:
        return {name: total if place == 0 else 0 for place, name in enumerate(weights)}
    result: dict[str, int] = {}
    seen = done = 0
    for name, weight in weights.items():
        seen += weight
        upto = total * seen // whole
        result[name] = upto - done
        done = upto
    return result
