"""Conditions that a policy may let hold cuts: told of one account, or of the utility."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.cut_facts_v1 import ConditionKind

OF_UTILITY = frozenset({ConditionKind.PAYMENT_PROVIDER_DOWN, ConditionKind.BALANCE_VIEW_DOWN})
"""Kinds that are told of the utility, and concern every account; the others are of one account."""

PAYMENT_IN_FLIGHT_LONGEST = timedelta(days=5)
"""To say that money is under way costs nothing, so it holds a cut for as long as money may really
need: three working days of a bank's cycle and a weekend. What has not come by then was not sent, or
is lost; without an end a customer who is believed once would never be cut."""

Standing: TypeAlias = Mapping[ConditionKind, datetime | None]
"""What stands of one account, the utility's included: each kind with the instant at which it ends
by itself; none: it stands until somebody ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``account_id``: none where it is the utility's. ``reference``: what it is about, by the name
    that whoever tells of it gave: a payment, a dispute, an outage. Of a kind and an account there
    is one of each reference. ``until``: when it ends by itself; none: when somebody ends it."""

    id: UUID
    kind: ConditionKind
    account_id: UUID | None
    reference: str
    until: datetime | None
    begun: Decided
    ended: Decided | None = None

    def is_active(self, now: datetime) -> bool:
        """Neither ended nor over."""
        return self.ended is None and (self.until is None or now < self.until)
