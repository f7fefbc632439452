"""A notice: something a customer is told, once, because of one event."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

from notifier.contacts.values import Channel, Contact, Language
from prewatt_common.contracts.base import Instant
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage

_NAMESPACE = UUID("0d6f9a5e-50f5-5d5c-9c39-8f1f6a3f1b7e")


class Template(StrEnum):
    """What is said."""

    LOW_BALANCE = "low-balance"
    BALANCE_EXHAUSTED = "balance-exhausted"
    TOPPED_UP = "topped-up"
    PAYMENT_TAKEN_BACK = "payment-taken-back"
    SUPPLY_OFF = "supply-off"
    SUPPLY_LIMITED = "supply-limited"
    SUPPLY_ARMED = "supply-armed"
    SUPPLY_ON = "supply-on"
    RECONNECTION_LATE = "reconnection-late"
    SUPPLY_APOLOGY = "supply-apology"
    DEBT_OWED = "debt-owed"
    DEBT_WRITTEN_OFF = "debt-written-off"
    DEBT_PAID = "debt-paid"


class Status(StrEnum):
    """Where a notice stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed to the channel's peer, or about to be; whether it arrived is not known yet."""
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """It was true no more before it was sent."""
    SUPPRESSED = "suppressed"
    """The customer wants no notices, or the contact was deleted."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a template may say. Money in integer micro-units of ``currency``."""

    at: Instant
    currency: str
    balance_micro: int
    threshold_micro: int | None = None
    days_left: int | None = None
    """For so many days the balance lasts at the use of late; none where nobody said."""
    amount_micro: int | None = None
    limit_w: int | None = None
    stage: ReconnectionStage | None = None
    """Where a late reconnection stuck."""
    paid_off_micro: int | None = None
    """What of a payment went to what is owed apart; none where nothing did."""
    owed_micro: int | None = None
    """What is still owed apart."""
    after_days: int | None = None
    """Bills of use longer ago are owed apart."""
    instalments: int | None = None
    """So many are still to be paid; none where none are agreed on."""
    next_due: date | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice over one channel. ``position`` counts the channels tried for it before."""

    id: UUID
    cause_id: UUID
    """The event that called for it."""
    account_id: UUID
    template: Template
    language: Language
    channel: Channel
    recipient: str
    facts: Facts
    settled_above_micro: int | None
    """A balance above this makes it untrue; none where no balance does."""
    position: int
    status: Status


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in words. ``subject`` and ``body`` for letters, ``short`` for everything else."""

    subject: str
    body: str
    short: str


def make_notice(
    *,
    cause_id: UUID,
    template: Template,
    contact: Contact,
    channel: Channel | None,
    facts: Facts,
    settled_above_micro: int | None,
    position: int,
) -> Notice:
    """A queued notice; without a channel, one that is suppressed from the start.

    Its id follows from event, template and channel: made twice it is the same notice.
    """
    used = channel or Channel.LOG
    return Notice(
        id=uuid5(_NAMESPACE, f"{cause_id}/{template}/{used}"),
        cause_id=cause_id,
        account_id=contact.account_id,
        template=template,
        language=contact.language,
        channel=used,
        recipient=contact.address_of(used),
        facts=facts,
        settled_above_micro=settled_above_micro,
        position=position,
        status=Status.QUEUED if channel else Status.SUPPRESSED,
    )
