"""Which of an account's events is newer, whatever order they come in.

The ledger's outbox may send a stretch of events again, and a topic may be read anew from its
beginning. An event that made a notice is known by that; one that made none is known by its balance:
the ledger numbers the balances of an account as they come, and tells of a movement before it tells
what it decided by the balance that this has left.
"""

from typing import NamedTuple

from prewatt_common.contracts.base import Event
from prewatt_common.contracts.emergency_credit_v1 import EmergencyCreditChanged
from prewatt_common.contracts.ledger_events_v1 import (
    AutoTopUpFailed,
    BalanceExhausted,
    Credited,
    LowBalance,
    PaymentReminder,
    PaymentTakenBack,
    SupplyChanged,
    ToppedUp,
)


class Place(NamedTuple):
    """Of an event among those of its account: the lower one is older. Several may have one place.

    >>> Place(4, True) < Place(5, False) < Place(5, True)
    True
    """

    balance_number: int
    is_decided: bool
    """It follows from that balance; else it tells how the balance came to be."""


def place_of(event: Event) -> Place | None:
    """None of an event that says nothing of a balance, or is the account's first."""
    match event:
        case ToppedUp() | Credited() | PaymentTakenBack():
            return Place(event.balance_number, is_decided=False)
        case (
            LowBalance()
            | BalanceExhausted()
            | SupplyChanged()
            | EmergencyCreditChanged()
            | PaymentReminder()
            | AutoTopUpFailed()
        ):
            return Place(event.balance_number, is_decided=True)
        case _:
            return None


def is_overtaken(place: Place | None, newest: Place | None) -> bool:
    """Whether an event of ``place`` is older than what was taken before it."""
    return place is not None and newest is not None and place < newest


def newer(place: Place | None, newest: Place | None) -> Place | None:
    """The newer of both, as far as there are."""
    if place is None or newest is None:
        return place or newest
    return max(place, newest)
