"""Topic ``notice.events.v1``: evidence of what customers were told.

Accepted is not delivered: a peer that took a notice may still lose it, or send it back.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Event, Instant, Words


class Proof(StrEnum):
    """What says that a notice was delivered."""

    RECEIPT = "receipt"
    """The network, or the recipient's own server, has confirmed it."""
    UNDISPUTED = "undisputed"
    """A substitute: accepted, and not sent back within the time that the utility has stated."""
    BROUGHT = "brought"
    """A person brought it to the door, and has shown that by a photo: in the form of service that
    the event's channel names."""
    LOG = "log"
    """A substitute, for demonstrations: it was written to the service's log. Nobody was reached."""


class Role(StrEnum):
    """Whom a notice went to."""

    CUSTOMER = "customer"
    NOMINATED = "nominated"
    """Another person, whom the customer named: no evidence that the customer was told."""


class NoticeAccepted(Event, frozen=True, kw_only=True):
    """A channel's peer has taken the notice. It is no evidence that anybody was reached."""

    ce_type: ClassVar[str] = "prewatt.notice.accepted.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    """``ce_id`` of the event that called for it."""
    at: Instant
    role: Role = Role.CUSTOMER


class NoticeDelivered(Event, frozen=True, kw_only=True):
    """The notice has arrived, by ``proof``. ``at``: when that was known; ``said_at``: when it was
    handed over to whoever brought it, which may be long before. Without it, as ``at``."""

    ce_type: ClassVar[str] = "prewatt.notice.delivered.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    proof: Proof
    at: Instant
    role: Role = Role.CUSTOMER
    said_at: Instant | None = None


class NoticeBounced(Event, frozen=True, kw_only=True):
    """What the channel's peer had taken has come back, even if it was told as delivered before."""

    ce_type: ClassVar[str] = "prewatt.notice.bounced.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    reason: Words
    at: Instant
    role: Role = Role.CUSTOMER


class NoticeFailed(Event, frozen=True, kw_only=True):
    """No channel could deliver it; ``reason`` says why, channel by channel."""

    ce_type: ClassVar[str] = "prewatt.notice.failed.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    reason: Words
    at: Instant
    role: Role = Role.CUSTOMER


class NoticeExpired(Event, frozen=True, kw_only=True):
    """Its time was over before a channel's peer took it; ``reason`` as of `NoticeFailed`."""

    ce_type: ClassVar[str] = "prewatt.notice.expired.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    reason: Words
    at: Instant
    role: Role = Role.CUSTOMER


class NoticeWithdrawn(Event, frozen=True, kw_only=True):
    """Overtaken by events, such as a payment, before a channel's peer took it: it is not sent."""

    ce_type: ClassVar[str] = "prewatt.notice.withdrawn.v1"

    notice_id: UUID
    account_id: UUID
    template: Words
    channel: Words
    cause_id: Words
    at: Instant
    role: Role = Role.CUSTOMER


class DoorOrderEnd(StrEnum):
    """Why nobody need go to a door any more."""

    BROUGHT = "brought"
    """A person has recorded that they brought it."""
    OVERTAKEN = "overtaken"
    """What it says is true no more, such as after a payment."""
    REACHED = "reached"
    """A channel has delivered it after all."""
    LAPSED = "lapsed"
    """Nobody went while what it says was worth saying."""


class DoorNoticeOrdered(Event, frozen=True, kw_only=True):
    """No channel reached the customer: somebody is to bring the notice to the door.

    The paper says what notice ``notice_id`` says, in ``language``. ``bring_by``: brought later it
    is no evidence."""

    ce_type: ClassVar[str] = "prewatt.notice.door-ordered.v1"

    order_id: UUID
    notice_id: UUID
    account_id: UUID
    template: Words
    cause_id: Words
    language: Words
    bring_by: Instant
    at: Instant


class DoorOrderEnded(Event, frozen=True, kw_only=True):
    """Nobody need go to the door any more.

    ``door_id``: the door notice, where it was brought; whether that is evidence, `NoticeDelivered`
    says."""

    ce_type: ClassVar[str] = "prewatt.notice.door-order-ended.v1"

    order_id: UUID
    account_id: UUID
    template: Words
    cause_id: Words
    end: DoorOrderEnd
    door_id: UUID | None
    at: Instant
