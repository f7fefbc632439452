"""Mandates and the requests that they make. Money: integer micro-units of the account's currency;
days and months are of the customer's zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID


class MandateState(StrEnum):
    """Whether a mandate may ask for money."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Only new consent of the customer makes it active again."""
    ENDED = "ended"


class Waits(StrEnum):
    """Why nothing is asked for though the balance is low."""

    REQUEST_OPEN = "request-open"
    """Money was asked for, and nobody knows yet whether it comes."""
    NOT_YET_VALID = "not-yet-valid"
    NO_METER = "no-meter"
    """No meter serves the account: it is closed, or the customer has moved out."""
    DISPUTED = "disputed"
    """Readings of the account are disputed, or a payment was since the consent: whoever doubts
    what was taken is not to have more taken unasked."""
    REFUSED_TOO_OFTEN = "refused-too-often"
    """So many requests of this month came to nothing that the next month is waited for."""
    LATER_DAY = "later-day"
    """A request was refused: the next one is made on a later day."""
    MONTH_REACHED = "month-reached"
    """Another top-up would be more than the customer agreed to for a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a customer has agreed to. ``valid_until``: the day after the last; none: until it is
    ended. ``instalment_micro_max``: instalments of debts are collected as they fall due, each up to
    so much; none: no instalment is. ``statement_micro_max``: likewise what a post-paid account owes
    by a statement."""

    threshold_micro: int
    """At this balance or below it money is asked for."""
    amount_micro: int
    month_micro_max: int
    month_requests_max: int
    valid_from: date
    valid_until: date | None
    instalment_micro_max: int | None = None
    statement_micro_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Who agreed to the terms, when, and by what paper or session."""

    by: str
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """A mandate as it stands."""

    id: UUID
    account_id: UUID
    provider: str
    reference: str
    """The provider's own name of it: a token, never the number of a card."""
    terms: Terms
    consent: Consent
    state: MandateState
    state_reason: str
    """Why it is suspended or ended; empty where it is active."""
    failures: int
    """How many requests in a row came to nothing since the consent."""
    retry_on: date | None
    """The day before which nothing is asked for, since a request was refused."""
    waits: Waits | None
    look_at: datetime | None
    """When it is looked at again, if nothing makes it due before."""


class StepAction(StrEnum):
    """What was done with a mandate."""

    OPEN = "open"
    CHANGE = "change"
    END = "end"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done, by whom and why. ``key``: of the request that asked for it; empty where it
    followed by itself."""

    action: StepAction
    who: str
    reason: str
    key: str
    at: datetime


class RequestState(StrEnum):
    """How far a request for money has come."""

    REQUESTED = "requested"
    """It is to be sent."""
    SENDING = "sending"
    """It may have reached the provider."""
    ACCEPTED = "accepted"
    """The provider has it; whether money comes, its webhook tells."""
    UNANSWERED = "unanswered"
    """Nobody knows what became of it: a person looks."""
    PAID = "paid"
    REFUSED = "refused"
    """The provider said no as it was asked."""
    FAILED = "failed"
    """The provider told later, or a person found out, that no money comes."""
    WITHDRAWN = "withdrawn"
    """It was never sent."""


OPEN = frozenset(
    {
        RequestState.REQUESTED,
        RequestState.SENDING,
        RequestState.ACCEPTED,
        RequestState.UNANSWERED,
    }
)
"""Money may still come: nothing else is asked for meanwhile."""
COUNTED = OPEN | {RequestState.PAID}
"""What counts towards the month's limits."""
TO_SEND = frozenset({RequestState.REQUESTED, RequestState.SENDING})
CAME_TO_NOTHING = frozenset({RequestState.REFUSED, RequestState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpRequest:
    """Money that a mandate asks its provider for. The id is the idempotency key that it is sent
    with, and what the payment names."""

    id: UUID
    mandate_id: UUID
    account_id: UUID
    provider: str
    reference: str
    amount_micro: int
    currency: str
    requested_on: date
    """The customer's day: of the month whose limits it counts to. Of an instalment or a statement
    the day on which it is due, before which it is not collected."""
    requested_at: datetime
    state: RequestState
    code: str
    """The provider's word, or ours, for why it stands so; empty where there is nothing to say."""
    payment_id: str
    """The provider's id of the payment, empty as long as it has not said."""
    sends: int
    """How often it was sent."""
    send_at: datetime | None
    """When it is sent, or sent again."""
    answer_by: datetime | None
    """After this nobody waits for an answer any more; none before it was sent first."""
    closed_at: datetime | None
    debt_id: UUID | None = None
    """Whose instalment is asked for."""
    statement_id: UUID | None = None
    """The statement that is asked for. Neither of both: it is a top-up."""

    @property
    def is_collection(self) -> bool:
        """Of what is owed by a day; else it is a top-up."""
        return self.debt_id is not None or self.statement_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a mandate's requests of a month come to."""

    counted_micro: int = 0
    counted: int = 0
    nothing: int = 0
    """How many came to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is asked of an account before money is."""

    balance_micro: int
    today: date
    has_meter: bool
    is_disputed: bool
    has_open: bool
    """A top-up is asked for, and nobody knows yet whether it comes."""
    month: Month


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpPolicy:
    """What is done about requests that come to nothing, or that nobody answers."""

    retry_after_days: int = 1
    month_nothing_max: int = 3
    failures_max: int = 5
    """So many in a row suspend the mandate."""
    send_within: timedelta = timedelta(hours=20)
    """No request is sent again later than this after it was sent first: providers forget their
    idempotency keys, the earliest after 24 hours."""
    answer_within: timedelta = timedelta(days=3)
    """Banks take days for direct debits, cards seconds."""
    first_pause: timedelta = timedelta(seconds=30)
    longest_pause: timedelta = timedelta(hours=1)
    look_again: timedelta = timedelta(hours=1)
    """How soon what has no day of its own is looked at again."""
