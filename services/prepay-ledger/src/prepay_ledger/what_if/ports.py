"""What a comparison reads, and whom it tells."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, Protocol

from prepay_ledger.what_if.other_tariff import Other
from prepay_ledger.what_if.side import OfAccount
from prepay_ledger.what_if.values import Account, History, Move, Outcome, Seen


class Recorded(NamedTuple):
    """What is stored of an account's range: charges by posting day, other moves, decisions."""

    account: Account
    charged_micro: Sequence[int]
    charged_wh: Sequence[int]
    moves: Sequence[Move]
    seen: Sequence[Seen]
    other: Other | None = None
    """By the tariff that is asked for; none where the account does not have it."""


class Reader(Protocol):
    """The ledger's history."""

    def portions(self) -> AsyncIterator[Sequence[Recorded]]:
        """All accounts, some at a time."""
        ...


Row = Callable[[History, str, Outcome, OfAccount], None]
"""Takes what became of an account on a side."""
