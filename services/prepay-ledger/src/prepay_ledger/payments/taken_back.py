"""How much of a payment its provider took back, by all that was told of it: pure.

The same set of movements comes to the same amount, in whatever order they came: a dispute that was
won before it is told that there is one, a refund before its payment.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from prepay_ledger.providers.values import Kind

OF_REFUNDS = (Kind.REFUNDED, Kind.REFUND_FAILED)
_DISPUTED = (Kind.DISPUTED, Kind.DISPUTE_LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Something that a provider did with a payment's money after it was paid. ``amount_micro``: in
    micro-units; of ``is_total`` all that was refunded of the payment so far."""

    kind: Kind
    movement_id: str
    amount_micro: int
    currency: str
    is_total: bool = False

    def contradicts(self, other: "Movement") -> bool:
        """It tells of the same movement another amount."""
        return (
            not (self.is_total or other.is_total)
            and (self.kind, self.movement_id) == (other.kind, other.movement_id)
            and self.amount_micro != other.amount_micro
        )


class TakenBack(NamedTuple):
    """Micro-units that the payer has again, and what is said to have gone beyond what was paid: a
    person must look."""

    amount_micro: int
    excess_micro: int


def taken_back(movements: Collection[Movement], *, paid_micro: int) -> TakenBack:
    """Of a payment of ``paid_micro``.

    Refunds are known one by one or by their total, and some providers tell both: the higher one is
    what was refunded. A refund that failed came back. A dispute is taken from the day on which it
    is told, and given back where it is won.
    """
    failed = _by_id(movements, Kind.REFUND_FAILED)
    single = refunds_micro(movements)
    one_by_one = sum(micro for movement_id, micro in single.items() if movement_id not in failed)
    total = max((each.amount_micro for each in movements if each.is_total), default=0)
    refunded = max(one_by_one, total - sum(failed.values()), 0)
    reversed_ = sum(_by_id(movements, Kind.REVERSED).values())
    won = _by_id(movements, Kind.DISPUTE_WON)
    disputed = sum(
        micro
        for movement_id, micro in _by_id(movements, *_DISPUTED).items()
        if movement_id not in won
    )
    said = refunded + reversed_ + disputed
    return TakenBack(min(said, paid_micro), max(0, said - paid_micro))


def refunds_told(movements: Iterable[Movement]) -> dict[str, bool]:
    """By the provider's id of each refund: whether it went; false: it failed, or came back. That it
    failed is the last word, whichever was told first."""
    told: dict[str, bool] = {}
    for each in movements:
        if each.kind in OF_REFUNDS:
            went = each.kind is Kind.REFUNDED
            told[each.movement_id] = went and told.get(each.movement_id, True)
    return told


def refunds_micro(movements: Iterable[Movement]) -> dict[str, int]:
    """By the provider's id of each refund that was told by itself: how much of it went at first."""
    return _by_id((each for each in movements if not each.is_total), Kind.REFUNDED)


def _by_id(movements: Iterable[Movement], *kinds: Kind) -> dict[str, int]:
    """Each movement once, though several events may tell of it."""
    found: dict[str, int] = {}
    for each in movements:
        if each.kind in kinds:
            found[each.movement_id] = max(each.amount_micro, found.get(each.movement_id, 0))
    return found
