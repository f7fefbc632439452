"""What is stored of supply: accounts locked for a decision, and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.relays.values import Relay
from prepay_ledger.supply.settle import Settled
from prepay_ledger.supply.thresholds import Thresholds
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_metering.forecast.run_out import CostsAhead


@dataclass(frozen=True, slots=True)
class SupplyView:
    """An account locked for a supply decision."""

    account: Account
    relays: Sequence[Relay]
    """Of the meters that serve it now."""
    low_since: datetime | None
    """Since when the balance has been low; none: it is not, or nobody has looked yet."""
    exhausted_since: datetime | None
    """The same of exhausted."""
    parked_meters: int
    """How many of these are parked."""
    untrusted_meters: int
    """How many meters, of now and of before, have findings of the account's time that stop cuts and
    that nobody has looked at."""
    estimated_meters: int
    """How many of those that serve it have a last use that is estimated."""
    held: tuple[str, ...]
    """What held its cut when it was looked at last."""
    told: tuple[str, ...]
    """The warnings that the customer was told of and that still hold, by key."""
    owed_micro: int
    """When it was cut the last time."""
    dues_until: datetime | None
    """Until then a share of that is enough."""
    changes_at: datetime | None
    """When a meter begins or ceases to serve it next, as far as is known."""


@dataclass(frozen=True, slots=True)
class KeptForecast:
    """What an account will probably spend, as it was forecast of late, and the zone of its days."""

    costs: CostsAhead
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReview:
    """The state an account is in from now on, and when it is looked at next."""

    account_id: UUID
    state: SupplyState
    thresholds: Thresholds
    low_since: datetime | None
    exhausted_since: datetime | None
    held: tuple[str, ...]
    told: tuple[str, ...]
    owed_micro: int
    dues_until: datetime | None
    recheck_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """A decision that changed something, with all it rests on."""

    id: UUID
    account_id: UUID
    settled: Settled
    inputs: Mapping[str, Any]
    at: datetime
