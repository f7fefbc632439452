"""What is stored of supply: views, decisions, commands and how they come along."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prepay_ledger.balances.values import Account
from prepay_ledger.supply.decide import CommandOutcome, Decision
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.ledger_events_v1 import SupplyState


@dataclass(frozen=True, slots=True)
class SupplyView:
    """An account locked for a supply decision."""

    account: Account
    meter_ids: tuple[str, ...]
    """The meters that serve it now."""
    parked_meters: int
    """How many of these are parked."""
    untrusted_meters: int
    """How many meters, of now and of before, have findings of the account's time that stop cuts and
    that nobody has looked at."""
    changes_at: datetime | None
    """When a meter begins or ceases to serve it next, as far as is known."""
    outcome: CommandOutcome
    """Of the last decision's commands."""
    last_action: RelayAction | None
    """What they asked for."""
    failed_at: datetime | None
    """When the last of them failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReview:
    """The state an account is in from now on, and when it is looked at next."""

    account_id: UUID
    state: SupplyState
    review_at_micro: int | None
    recheck_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """A decision that changed something, with all it rests on."""

    id: UUID
    account_id: UUID
    decision: Decision
    inputs: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A relay command to be issued with a decision."""

    id: UUID
    decision_id: UUID
    account_id: UUID
    meter_id: str
    action: RelayAction
    sequence: int
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandProgress:
    """A command moved on."""

    command_id: UUID
    status: CommandStatus
    relay: RelayState | None
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CommandRecorded:
    """A command's row after progress was recorded."""

    account_id: UUID
    action: RelayAction
    status: CommandStatus
    caused_at: datetime
    finished_at: datetime | None
