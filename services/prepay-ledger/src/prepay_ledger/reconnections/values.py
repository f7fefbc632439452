"""A reconnection: from what caused it until energy flows again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage

COMPENSATION = "compensation:late-reconnection"
"""The ledger account of what customers were given for late reconnections."""
SLA_CREDIT = "sla_credit"
"""The journal's kind."""
LOAD_AWAITED = timedelta(hours=24)
"""Nobody may be at home: after as long without load a relay that was read back closed is done."""


class Cause(StrEnum):
    """What a relay is closed again for."""

    PAYMENT = "payment"
    CORRECTION = "correction"
    """A late reading, an edit or a tariff's correction lifted the balance."""
    PROTECTION = "protection"
    TERMS = "terms"
    """Limits, overdraft, emergency credit or policy were changed."""
    UNCERTAIN = "uncertain"
    """A cut that nothing calls for any more may have opened the relay all the same."""
    TENANT = "tenant"
    """Somebody moved in behind an open relay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """What the utility promises. ``close_within``: of the cause the relay is closed, or waits for
    the customer's button. ``load_within``: of that energy is to flow; none: the customer may be
    away. ``credit_micro``: what the account is given where it is late, in its currency."""

    close_within: timedelta = timedelta(minutes=15)
    load_within: timedelta | None = None
    credit_micro: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReconnection:
    """A reconnect was issued to a meter whose relay may be open. ``caused_at``: when the money was
    accepted, or whatever else it is for came; ``opened_at``: when the relay was read back open,
    none where that is not known; ``lifts_limit``: it is not open, but was limited, and as far as is
    known still is."""

    account_id: UUID
    meter_id: str
    cause: Cause
    caused_at: datetime
    issued_at: datetime
    opened_at: datetime | None
    lifts_limit: bool = False
    sla: Sla


class Reached(NamedTuple):
    """A meter's reconnection came as far as that stage. ``is_answer``: a command's answer says so;
    otherwise the meter does, which may have kept it for long. ``is_by_code``: somebody has typed in
    its reconnection code."""

    meter_id: str
    stage: ReconnectionStage
    at: datetime
    is_answer: bool = True
    is_by_code: bool = False


class Register(NamedTuple):
    """A meter's last trusted reading."""

    at: datetime
    wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnection:
    """How far it came; money in micro-units of the account's currency.

    ``deadline_at``: when it is late unless it comes further; none: it cannot be, such as while the
    customer may close the relay by hand. ``lifts_limit``: energy flows all along, so that the
    meter's answer alone ends it. ``base``: the reading that load is measured from.
    ``done_at``: nothing is waited for any more; ``superseded_at``: the relay is to be open again,
    or the meter serves somebody else. ``is_timed``: how long the relay took is in the metrics.
    ``credit_micro``: what is given where it is late, by the policy as it began; ``journal_id``: the
    journal that gave it.
    """

    id: UUID
    account_id: UUID
    meter_id: str
    cause: Cause
    caused_at: datetime
    issued_at: datetime
    opened_at: datetime | None
    lifts_limit: bool = False
    load_within: timedelta | None
    credit_micro: int
    deadline_at: datetime | None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    armed_at: datetime | None = None
    closed_at: datetime | None = None
    load_at: datetime | None = None
    base: Register | None = None
    breached_at: datetime | None = None
    breach_stage: ReconnectionStage | None = None
    journal_id: int | None = None
    done_at: datetime | None = None
    superseded_at: datetime | None = None
    is_timed: bool = False

    @property
    def is_open(self) -> bool:
        """Something is waited for."""
        return self.done_at is None and self.superseded_at is None


class Duration(StrEnum):
    """What is timed of a reconnection. Of one that waited for the customer's button the time until
    the relay was armed counts, and not what came after."""

    CAUSED_ISSUED = "caused_issued"
    ISSUED_CLOSED = "issued_closed"
    CAUSED_CLOSED = "caused_closed"
    ISSUED_ARMED = "issued_armed"
    CAUSED_ARMED = "caused_armed"
    CLOSED_LOAD = "closed_load"


class Percentiles(NamedTuple):
    """Of ``number`` durations, each one that occurred."""

    number: int
    p50: timedelta
    p95: timedelta
    p99: timedelta


class Summary(NamedTuple):
    """Of the reconnections that were caused in some time: how many came how far, how many were
    late by the stage that they stuck in, and how long they took."""

    begun: int
    open: int
    closed: int
    with_load: int
    superseded: int
    credited: int
    late: Mapping[ReconnectionStage, int]
    durations: Mapping[Duration, Percentiles]
