"""When a drawer is closed, and the journals of its cash: pure.

Cash is what somebody owes the utility, so it is below zero as all that it has: in hand, on its
way, and as it came.
"""

from collections.abc import Mapping, Sequence

from prepay_ledger.cashiers.refusals import DifferenceUnexplained
from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    Destination,
    HandOver,
    OutcomeAction,
    Receipt,
)
from prepay_ledger.journal.values import (
    Journal,
    UtilityAccount,
    cash_in_hand,
    cash_in_transit,
    clearing,
)

_REACHES = {Destination.BANK: UtilityAccount.BANK, Destination.PERSON: UtilityAccount.CASH}


def check_explained(*, difference_micro: int, reason: str) -> None:
    """Raises `DifferenceUnexplained`. The difference is not told: who counts has to count."""
    if difference_micro and not reason:
        message = (
            "that is not what should be there: count again, or say why it differs; nothing was "
            "changed"
        )
        raise DifferenceUnexplained(message)


def needs_second_person(count: Count) -> bool:
    """Whether the count closes its day only once somebody else accepts it."""
    return count.difference_micro != 0


def parts_in(day: CashDay, who: str) -> bool:
    """Whether the person sold or counted, so that somebody else has to decide."""
    return who == day.seller or (day.count is not None and who == day.count.who)


def in_hand_micro(days: Sequence[CashDay]) -> int:
    """The cash of closed days."""
    return sum(day.count.counted_micro for day in days if _is_closed(day) and day.count)


def close_journal(day: CashDay, count: Count, *, provider: str) -> Journal:
    """The desk has brought what it took; the seller has what was counted in hand."""
    return Journal(
        kind="cash-day-closed",
        source=f"cash-count/{count.id}",
        currency=day.currency,
        entries=(),
        postings=_moved(
            {
                clearing(provider): count.expected_micro,
                cash_in_hand(day.seller): -count.counted_micro,
                UtilityAccount.CASH_OVER_SHORT: count.difference_micro,
            }
        ),
    )


def hand_over_journal(hand_over: HandOver) -> Journal:
    """Out of the seller's hands, on its way."""
    return Journal(
        kind="cash-handed-over",
        source=f"cash-hand-over/{hand_over.id}",
        currency=hand_over.currency,
        entries=(),
        postings=_moved(
            {
                cash_in_hand(hand_over.seller): hand_over.amount_micro,
                cash_in_transit(hand_over.seller): -hand_over.amount_micro,
            }
        ),
    )


def receipt_journal(hand_over: HandOver, receipt: Receipt) -> Journal:
    """It has come; what has not is short."""
    return Journal(
        kind="cash-received",
        source=f"cash-hand-over/{hand_over.id}",
        currency=hand_over.currency,
        entries=(),
        postings=_moved(
            {
                cash_in_transit(hand_over.seller): hand_over.amount_micro,
                _REACHES[hand_over.destination]: -receipt.received_micro,
                UtilityAccount.CASH_OVER_SHORT: receipt.received_micro - hand_over.amount_micro,
            }
        ),
    )


def _is_closed(day: CashDay) -> bool:
    outcome = day.count.outcome if day.count else None
    return (
        day.hand_over_id is None and outcome is not None and outcome.action is OutcomeAction.CLOSED
    )


def _moved(postings: Mapping[str, int]) -> dict[str, int]:
    return {name: micro for name, micro in postings.items() if micro}
