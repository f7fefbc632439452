"""A change of an account's mode, and what it rests on. Money: micro-units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.values import Consent
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.contracts.supply_modes_v1 import ModeChanges

LEDGER = "prepay-ledger"
"""Who did what no person asked for."""


class ChangeState(StrEnum):
    """How far a change has come."""

    REQUESTED = "requested"
    """The customer has agreed; the notice is still to be given."""
    NOTICED = "noticed"
    """Its instant is waited for."""
    WAITING = "waiting"
    """Its instant is past; a reading, or a signature, is waited for."""
    DONE = "done"
    """The old mode is closed, and the new one opened."""
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """It could not be made."""


OPEN = frozenset({ChangeState.REQUESTED, ChangeState.NOTICED, ChangeState.WAITING})
"""Under way."""


class StepAction(StrEnum):
    """What was done with a change."""

    REQUEST = "request"
    NOTICE = "notice"
    WAIT = "wait"
    CLOSE = "close"
    CANCEL = "cancel"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Where an account goes: ``first_day`` is the first local day that is charged in the new way,
    by that tariff."""

    to: Mode
    first_day: date
    tariff_code: str
    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChange:
    """As it stands. ``rules``: what the policy said when it was asked for. ``effective_at``: the
    first instant of the first day, in the tariff's zone. ``reason``: why it is cancelled or
    refused. ``waits_for``: what is waited for, in words. ``closing_micro``: what the balance had at
    its instant, and ``closing_paid_micro``: all that had been paid by then; ``agreement_id``: by
    which it is charged since."""

    id: UUID
    account_id: UUID
    terms: Terms
    rules: ModeChanges
    effective_at: datetime
    state: ChangeState
    reason: str = ""
    noticed_at: datetime | None = None
    waits_for: str = ""
    look_at: datetime | None = None
    agreement_id: UUID | None = None
    closing_micro: int | None = None
    closing_paid_micro: int | None = None
    debt_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        """It is under way."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``reference``: of a notice; or what is waited for. ``key``: the caller's own name of it;
    empty where it followed by itself."""

    id: UUID
    change_id: UUID
    action: StepAction
    key: str
    reference: str
    decided: Decided


class Ground(NamedTuple):
    """What a change waits for: meters that serve the account at its instant and were not read up to
    it, and whether the customer has signed what prepayment needs."""

    unread_meters: Sequence[str]
    is_signed: bool
