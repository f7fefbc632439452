"""What follows from a reason for which a debit was not paid: pure.

Codes are those of ISO 20022's external code set `ExternalStatusReason1Code` and
`ExternalReturnReason1Code`, of which banks use the same for direct debits.
"""

from collections.abc import Mapping
from enum import StrEnum

from prewatt_common.contracts.ledger_events_v1 import NotCollected


class Consequence(StrEnum):
    """What is done."""

    RETRY = "retry"
    """Money may be there on another day."""
    SUSPEND = "suspend"
    """The account or the mandate is of no use any more: only new consent helps."""
    LOOK = "look"
    """A person looks; nothing is asked for meanwhile."""


_RETRY = frozenset(
    {
        "AM04",  # insufficient funds
        "AM02",  # above what the account allows
        "AM14",  # above what was agreed with the bank
        "MS03",  # the bank gives no reason
        "ED05",  # settlement failed
        "TM01",  # after the bank's cut-off
    }
)
_SUSPEND = frozenset(
    {
        "AC01",  # account number is wrong
        "AC03",
        "AC04",  # account is closed
        "AC06",  # account is blocked
        "AC07",
        "AC13",  # account is a consumer's
        "AG01",  # account allows no debits
        "BE05",  # creditor is not known to the debtor
        "MD01",  # no mandate
        "MD02",  # mandate is incomplete
        "MD06",  # debtor asks for the money back
        "MD07",  # debtor is deceased
        "MD16",  # mandate was cancelled
        "MD17",
        "MS02",  # debtor refuses
        "SL01",  # debtor has told the bank not to pay this creditor
    }
)


_WHY: Mapping[str, NotCollected] = {
    "AM04": NotCollected.NO_MONEY,
    "AC04": NotCollected.ACCOUNT_CLOSED,
    **dict.fromkeys(("AC01", "AC06", "AC13", "AG01"), NotCollected.ACCOUNT_UNUSABLE),
    **dict.fromkeys(
        ("AM02", "AM14", "BE05", "MD01", "MD02", "MD06", "MD16", "MD17", "MS02", "SL01"),
        NotCollected.REFUSED,
    ),
}
"""What a customer is told: nothing of faults of ours or the bank's, and nothing of a death."""


def why_of(code: str) -> NotCollected:
    """In words of ours, which a customer is told in theirs."""
    return _WHY.get(code, NotCollected.OTHER)


def consequence_of(code: str) -> Consequence:
    """Of a code that is not known a person looks."""
    if code in _RETRY:
        return Consequence.RETRY
    return Consequence.SUSPEND if code in _SUSPEND else Consequence.LOOK
