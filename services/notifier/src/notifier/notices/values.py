"""A notice: something a customer is told, once, because of one event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Language
from prewatt_common.contracts.base import Instant
from prewatt_common.contracts.ledger_events_v1 import NotCollected, ReconnectionStage
from prewatt_common.contracts.notice_events_v1 import Role


class Template(StrEnum):
    """What is said."""

    LOW_BALANCE = "low-balance"
    BALANCE_EXHAUSTED = "balance-exhausted"
    TOPPED_UP = "topped-up"
    PAYMENT_TAKEN_BACK = "payment-taken-back"
    SUPPLY_OFF = "supply-off"
    SUPPLY_LIMITED = "supply-limited"
    SUPPLY_LIMIT_RAISED = "supply-limit-raised"
    SUPPLY_ARMED = "supply-armed"
    SUPPLY_ON = "supply-on"
    RECONNECTION_LATE = "reconnection-late"
    SUPPLY_APOLOGY = "supply-apology"
    DEBT_OWED = "debt-owed"
    DEBT_LOWERED = "debt-lowered"
    DEBT_WRITTEN_OFF = "debt-written-off"
    DEBT_PAID = "debt-paid"
    PAYMENT_REMINDER = "payment-reminder"
    BALANCE_ADDED = "balance-added"
    BALANCE_TAKEN = "balance-taken"
    NOW_PREPAID = "now-prepaid"
    NOW_POSTPAID = "now-postpaid"
    AUTO_TOP_UP_FAILED = "auto-top-up-failed"
    COLLECTION_FAILED = "collection-failed"
    MANDATE_SUSPENDED = "mandate-suspended"
    EMERGENCY_CREDIT_OFFERED = "emergency-credit-offered"
    EMERGENCY_CREDIT_ACCEPTED = "emergency-credit-accepted"
    # To a person whom the customer has named, without a word on money.
    NOMINATED_LOW_BALANCE = "nominated-low-balance"
    NOMINATED_BALANCE_EXHAUSTED = "nominated-balance-exhausted"
    NOMINATED_SUPPLY_OFF = "nominated-supply-off"
    NOMINATED_SUPPLY_LIMITED = "nominated-supply-limited"
    NOMINATED_SUPPLY_ARMED = "nominated-supply-armed"
    NOMINATED_SUPPLY_ON = "nominated-supply-on"
    # What a customer hears who has written to us.
    ANSWER_BALANCE = "answer-balance"
    ANSWER_DAYS = "answer-days"
    ANSWER_DAYS_UNKNOWN = "answer-days-unknown"
    ANSWER_PAY = "answer-pay"
    ANSWER_CREDIT = "answer-credit"
    ANSWER_CREDIT_REFUSED = "answer-credit-refused"
    ANSWER_STOPPED = "answer-stopped"
    ANSWER_NOT_STOPPED = "answer-not-stopped"
    ANSWER_STARTED = "answer-started"
    ANSWER_WHICH = "answer-which"
    ANSWER_HELP = "answer-help"
    ANSWER_FAILED = "answer-failed"
    # To a nominated person.
    ANSWER_NOMINATED_STOPPED = "answer-nominated-stopped"
    ANSWER_NOMINATED_STARTED = "answer-nominated-started"
    ANSWER_NOMINATED_HELP = "answer-nominated-help"
    # What a campaign says, by its purpose; the words are the campaign's own.
    CAMPAIGN_NEWS = "campaign-news"
    CAMPAIGN_SERVICE = "campaign-service"
    CAMPAIGN_OFFER = "campaign-offer"


ANSWERS = frozenset(each for each in Template if each.startswith("answer-"))
"""To somebody who has asked and waits: no quiet hours hold one, and nobody has declined it."""

FOR_NOMINATED: Mapping[Template, Template] = {
    Template.LOW_BALANCE: Template.NOMINATED_LOW_BALANCE,
    Template.BALANCE_EXHAUSTED: Template.NOMINATED_BALANCE_EXHAUSTED,
    Template.SUPPLY_OFF: Template.NOMINATED_SUPPLY_OFF,
    Template.SUPPLY_LIMITED: Template.NOMINATED_SUPPLY_LIMITED,
    Template.SUPPLY_ARMED: Template.NOMINATED_SUPPLY_ARMED,
    Template.SUPPLY_ON: Template.NOMINATED_SUPPLY_ON,
}
"""What a nominated person is told where the customer is told that: warnings, cuts and their end,
in words of its own that speak of no money. Receipts, balances and debts are the customer's."""
TOLD_AS: Mapping[Template, Template] = {nominated: of for of, nominated in FOR_NOMINATED.items()}
"""What the customer is told of the same."""
CAMPAIGNS = frozenset(each for each in Template if each.startswith("campaign-"))
"""No event calls for these: a person has many told the same."""


class Priority(IntEnum):
    """What goes first where more waits than a channel takes: the lower number."""

    SUPPLY = 0
    """Whether there is electricity."""
    BALANCE = 1
    """What a household can still act upon, and a cut waits for."""
    INFORMATION = 2
    """Receipts, and what can wait until the others are through."""
    CAMPAIGN = 3
    """What many are told at once, and nobody waits for: everything else overtakes it."""


class Status(StrEnum):
    """Where a notice stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed to the channel's peer, or about to be; whether the peer has it is not known yet."""
    ACCEPTED = "accepted"
    """The peer has it; whether it arrived is not known yet, and may never be."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    """The peer had it, and it came back."""
    FAILED = "failed"
    """The channel will never take it."""
    EXPIRED = "expired"
    """Its time was over before the channel took it."""
    WITHDRAWN = "withdrawn"
    """It was true no more before it was sent."""
    SUPPRESSED = "suppressed"
    """The customer wants no notices, or the contact was deleted."""
    DECLINED = "declined"
    """The customer wants no notices of its purpose."""


PAGE_CHARS_MAX = 60
"""Of where money is taken. With more an English SMS would be two."""
NO_CODE = bytes(5)
"""Of a notice that is not kept (yet), such as a test of a text."""
NO_MONEY = "XXX"
"""ISO 4217's code where no currency is spoken of."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a template may say. Money in integer micro-units of ``currency``."""

    at: Instant
    currency: str
    balance_micro: int | None = None
    """None where nobody has said."""
    threshold_micro: int | None = None
    days_left: int | None = None
    """For so many days the balance lasts at the use of late; none where nobody said."""
    ends_at: Instant | None = None
    """When money will probably end; none where nobody knows."""
    buy_by: Instant | None = None
    """By then money had better be there, so that nobody is cut."""
    timezone: str | None = None
    """In which the customer reads these."""
    amount_micro: int | None = None
    limit_w: int | None = None
    stage: ReconnectionStage | None = None
    """Where a late reconnection stuck."""
    paid_off_micro: int | None = None
    """What of a payment went to what is owed apart; none where nothing did."""
    owed_micro: int | None = None
    """What is still owed apart."""
    owed_again_micro: int | None = None
    """What of a payment that was taken back had paid debts; none where nothing had."""
    after_days: int | None = None
    """Bills of use longer ago are owed apart."""
    instalments: int | None = None
    """So many are still to be paid; none where none are agreed on."""
    next_due: date | None = None
    left_micro: int | None = None
    """What may be used until the cut, below zero too; none where nobody said."""
    repaid_micro: int | None = None
    """What of a payment repaid emergency credit; none where nothing did."""
    as_of: Instant | None = None
    """When the ledger said so, to somebody who asks."""
    purposes: tuple[Purpose, ...] | None = None
    """What is not told any more, or is again."""
    pay_at: str | None = None
    """Where money is taken: a link of the account's own, which is a secret; none: the utility's
    page, if it names one."""
    retry_on: date | None = None
    """The day on which a top-up or a collection is tried again."""
    why: NotCollected | None = None
    """Of what was not collected from a bank: that alone has one."""
    debt_id: UUID | None = None
    """Whose instalment that was; none of a statement. No text says it."""
    statement_number: int | None = None
    """Of a statement that is overdue, or was not collected."""
    period_first: date | None = None
    period_last: date | None = None
    """The days that it is of."""
    due_on: date | None = None
    late_micro: int | None = None
    """Late charges besides; none where there are none."""
    tails: tuple[str, ...] | None = None
    """The ends of the account numbers that one phone number has."""


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
    """A balance above this makes it untrue, or, of an instalment, more than this paid of its debt;
    none where no money does."""
    position: int
    status: Status
    priority: Priority
    expires_at: datetime
    """After this it is worth nothing, over any channel."""
    give_up_at: datetime
    """After this the next channel gets it; on the last one, as ``expires_at``."""
    role: Role = Role.CUSTOMER
    code: bytes = NO_CODE
    """What its reader types in to learn that it is ours; drawn as the notice is kept."""
    campaign_id: UUID | None = None
    """Of the campaign whose words and channels it has; none where an event called for it."""
    accepted_at: datetime | None = None
    """When a peer took it; none where none has, or as it was read none had."""


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in words. ``subject`` and ``body`` for letters, ``short`` for everything else;
    ``values`` are what it is made of, for a gateway that has the words itself."""

    subject: str
    body: str
    short: str
    values: Mapping[str, str] = field(default_factory=lambda: {})
