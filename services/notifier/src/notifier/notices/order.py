"""Which of an account's events is newer, whatever order they come in.

The ledger's outbox may send a stretch of events again, and a topic may be read anew from its
beginning. An event that made a notice is known by that; one that made none is known by its balance:
the ledger numbers the balances of an account as they come, and tells of a movement before it tells
what it decided by the balance that this has left. A ledger that was restored from a backup numbers
on from there until somebody accepts what was lost: what tells of a later time than anything before
is news, whatever its number.
"""

from datetime import datetime
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


class Told(NamedTuple):
    """Where an event stands, and the time that it tells; of several, the highest and the latest."""

    place: Place
    at: datetime


def told_by(event: Event) -> Told | None:
    """None of an event that says nothing of a balance, or is the account's first."""
    match event:
        case ToppedUp() | Credited() | PaymentTakenBack():
            return Told(Place(event.balance_number, is_decided=False), event.at)
        case (
            LowBalance()
            | BalanceExhausted()
            | SupplyChanged()
            | EmergencyCreditChanged()
            | PaymentReminder()
            | AutoTopUpFailed()
        ):
            return Told(Place(event.balance_number, is_decided=True), event.at)
        case _:
            return None


def is_overtaken(told: Told | None, newest: Told | None) -> bool:
    """Whether an event is older than what was taken before it."""
    if told is None or newest is None:
        return False
    return told.place < newest.place and told.at <= newest.at


def newer(told: Told | None, newest: Told | None) -> Told | None:
    """The newer of both, as far as there are."""
    if told is None or newest is None:
        return told or newest
    return Told(max(told.place, newest.place), max(told.at, newest.at))
