"""An order to bring a notice to the door, and what it rests on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from notifier.contacts.values import Channel, Language
from notifier.notices.values import Status, Template
from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd
from prewatt_common.contracts.procedure_v1 import DEMAND_TEMPLATES, NOTICE_TEMPLATES

ORDERED = frozenset(map(Template, (*NOTICE_TEMPLATES, *DEMAND_TEMPLATES)))
"""What a cut waits for, as procedures name it: of these alone somebody is sent to the door."""


class Occurrence(NamedTuple):
    """What a customer is told because of one event, whichever channels were tried for it."""

    account_id: UUID
    cause_id: UUID
    template: Template


class Try(NamedTuple):
    """A notice of the occurrence: over which channel, and where it stands."""

    channel: Channel
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an occurrence stands. ``notice_id``, ``language``: of the last notice that was made for
    it. ``overtaken``: something came since that leaves it untrue. ``tried_until``: when the last
    try ended, none while one has not. ``expires_at``: when what it says is over. ``door_id``: the
    newest record that it was brought to the door; none where nobody has brought it. ``order_id``:
    of its order, whether open or ended; none where there is none."""

    occurrence: Occurrence
    notice_id: UUID
    language: Language
    tries: tuple[Try, ...]
    overtaken: bool
    tried_until: datetime | None
    expires_at: datetime
    door_id: UUID | None
    order_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """Somebody is to bring what ``notice_id`` says to the door before ``bring_by``."""

    id: UUID
    occurrence: Occurrence
    notice_id: UUID
    language: Language
    ordered_at: datetime
    bring_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why an order is over. ``door_id``: the record, where it was brought."""

    order_id: UUID
    occurrence: Occurrence
    end: DoorOrderEnd
    door_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOrderView:
    """An order as people see it. ``address``: where something was brought to the account's door
    before, in words; the notifier knows no other. ``end``, ``ended_at``: none while it is open."""

    order: NewOrder
    account_number: str
    address: str | None
    end: DoorOrderEnd | None
    ended_at: datetime | None
    door_id: UUID | None


class Waiting(NamedTuple):
    """How many orders are open, and when the oldest of them was made; none where none is."""

    orders: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """``after``: so long after the last channel did not deliver somebody is sent. None: nobody
    is, unless a person thinks of it."""

    after: timedelta | None
