"""An account's history over a range of hours, and what comes of it under a policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.policies.values import ProtectedPeriod
from prepay_ledger.prepay_agreements.values import PrepayAgreement
from prepay_ledger.what_if.hours import Flags, Micro
from prewatt_common.contracts.ledger_events_v1 import SupplyState


class TopUp(NamedTuple):
    """Money that a customer paid: credited at the end of that hour."""

    hour: int
    micro: int


class Move(NamedTuple):
    """Money that came or went at an instant and is no charge."""

    at: datetime
    micro: int
    is_topup: bool


class Seen(NamedTuple):
    """A stored decision. ``balance_micro``: as it was made. ``is_warned``: the customer was told of
    a limit."""

    at: datetime
    state: SupplyState
    is_dark: bool
    balance_micro: int
    is_warned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """How an account came into the range, by its last decision before. ``low_since``: none where
    its balance was not low. ``limit_w``: of one that was limited."""

    state: SupplyState = SupplyState.CONNECTED
    is_dark: bool = False
    told: tuple[str, ...] = ()
    owed_micro: int = 0
    dues_until: datetime | None = None
    low_since: datetime | None = None
    limit_w: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose history it is, and what holds for it. Money in micro-units of its currency.

    ``last_topup_micro``: the last one before the range. ``prepaid_since``: as of the range's end.
    ``protected``: [begin, end) of its protections; ``serves``: of its meters' time with it, whose
    end may be open. ``agreements``: in the order in which they begin.
    """

    id: UUID
    number: str
    currency: str
    opening_micro: int
    low_balance_micro: int
    overdraft_micro: int
    is_protected: bool
    opened_at: datetime
    begin: Begin = Begin()
    last_topup_micro: int | None = None
    prepaid_since: datetime | None = None
    agreements: Sequence[PrepayAgreement] = ()
    protected: Sequence[tuple[datetime, datetime]] = ()
    periods: Sequence[ProtectedPeriod] = ()
    serves: Sequence[tuple[datetime, datetime | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a simulation rests on.

    ``use_micro``, ``use_wh``: of each hour, had there been supply in it. What it would have been
    where there was none nobody knows: it is the mean of the other hours. ``paid_micro``: all else.
    ``day_micro``: what a day has cost in the range, as a mean.
    """

    account: Account
    use_micro: Micro
    use_wh: Micro
    paid_micro: Micro
    topups: tuple[TopUp, ...] = ()
    day_micro: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an account in the range, or would have: numbers of hours.

    ``is_dark``: of each hour, whether it had no supply. ``balance_micro``: as each hour begins, and
    as the last one ends. ``cuts``, ``limits``, ``warnings``: when each was.
    """

    is_dark: Flags
    balance_micro: Micro
    cuts: tuple[int, ...] = ()
    limits: tuple[int, ...] = ()
    warnings: tuple[int, ...] = ()

    @property
    def dark_hours(self) -> int:
        """How many hours it had no supply."""
        return int(self.is_dark.sum())
