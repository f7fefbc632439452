"""Work orders: what has to be seen to at a meter, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

SYSTEM = "prepay-ledger"
"""Who closes an order whose cause is over by itself."""


class WorkOrderKind(StrEnum):
    """What is wrong at the meter. Of a meter at most one order of a kind is open."""

    RELAY_DOES_NOT_ANSWER = "relay_does_not_answer"
    PAID_BUT_DARK = "paid_but_dark"
    """The customer is entitled to supply, and the relay has not closed in time."""
    ENERGY_WHILE_OPEN = "energy_while_open"
    """A relay that does not open, or a way around it."""
    NONE_WHILE_CLOSED = "none_while_closed"
    """A relay that does not close, a wire that is off, or a house that is empty."""
    RELAY_MOVED_BY_HAND = "relay_moved_by_hand"
    RELAY_OPENS_UNASKED = "relay_opens_unasked"
    """Somebody opens it again and again, or a fault behind it: it is not closed from afar until a
    person has looked."""
    CONTACT_REPAIR = "contact_repair"
    """Supply was taken after a notice that came back later: nobody was told."""
    UNREACHABLE = "unreachable"
    """A warning failed on every channel that the customer has. Where the procedure asks for one
    that was delivered, they may not be cut; nor do they know what they could do."""


class WorkOrderResult(StrEnum):
    """What came of an order."""

    DONE = "done"
    NOTHING_FOUND = "nothing_found"
    NOT_POSSIBLE = "not_possible"
    """Nobody was at home, no access, not safe."""
    OVER = "over"
    """What it was about ended by itself; the system's alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkOrder:
    """What has to be seen to. ``account_id``: whom the meter serves, if anybody.

    ``evidence``: what it rests on, as JSON. ``known_until``: up to when it does; where an order of
    the kind was closed at that instant or later, somebody has seen to it, and none is opened.
    """

    kind: WorkOrderKind
    meter_id: str
    account_id: UUID | None
    reason: str
    evidence: Mapping[str, Any]
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Who closed an order, when, and what came of it. ``note``: in their words, may be empty."""

    at: datetime
    by: str
    result: WorkOrderResult
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """An order as it is kept; ``closing``: none while it is open."""

    id: UUID
    kind: WorkOrderKind
    meter_id: str
    account_id: UUID | None
    reason: str
    evidence: Mapping[str, Any]
    opened_at: datetime
    closing: Closing | None
