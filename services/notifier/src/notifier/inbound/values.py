"""A message that a customer has written, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Contact
from notifier.notices.values import Facts, Template


class Word(StrEnum):
    """What a customer can ask for."""

    BALANCE = "balance"
    DAYS = "days"
    """For how long the balance lasts."""
    PAY = "pay"
    CREDIT = "credit"
    """Accepts emergency credit."""
    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Request:
    """A message as it is understood. ``tail``: the end of an account's number. ``purpose``: of STOP
    and START, none for all that there are."""

    word: Word
    tail: str | None = None
    purpose: Purpose | None = None


class Outcome(StrEnum):
    """What became of a message. Which answer it got is told apart."""

    DONE = "done"
    """What was asked, or its refusal, was told."""
    NOT_UNDERSTOOD = "not-understood"
    WHICH_ACCOUNT = "which-account"
    """The number has several, and the message names none of them."""
    UNKNOWN_NUMBER = "unknown-number"
    """No contact has it: whoever writes is told nothing."""
    NO_PERSON = "no-person"
    """A short code or a name: a machine's."""
    TOO_MANY = "too-many"
    """The number has had enough answers for the hour."""
    NOT_OFFERED = "not-offered"
    """Nothing is asked of a ledger here: the customer was told that it could not be done."""
    GIVEN_UP = "given-up"
    """The ledger could not be asked in time, or knows nothing of the account: the customer was
    told. Or it is a fault of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in the hands of this process. ``attempts`` counts this one, and tells whoever holds
    it now from whoever held it before; ``faults`` are those of ours among the earlier ones, and not
    how often the ledger was away."""

    id: UUID
    gateway: str
    sender: str
    text: str
    heard_at: datetime
    attempts: int
    faults: int


@dataclass(frozen=True, slots=True)
class Customer:
    """A contact that has the sender's number: a customer's, or, by its role, that of a person whom
    a customer has named. ``number`` is its account's, where the ledger has told of it."""

    contact: Contact
    number: str | None


class History(NamedTuple):
    """What a number was answered of late."""

    within_hour: int
    """So many answers in the last hour."""
    helped: bool
    """It was told the words within a day."""
    stopped: bool
    """A STOP of its was confirmed within a day."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a message comes to. ``answer`` none: nothing is said."""

    outcome: Outcome
    word: Word | None = None
    customer: Customer | None = None
    answer: Template | None = None
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's money, as the ledger says at ``at``. ``left_micro``: what may be used until a
    cut."""

    at: datetime
    currency: str
    balance_micro: int
    left_micro: int


@dataclass(frozen=True, slots=True)
class Lasting:
    """For how long it will last; ``ends_at`` none: nobody knows, or not within ``beyond_days``."""

    standing: Standing
    ends_at: datetime | None
    buy_by: datetime | None
    beyond_days: int | None = None


@dataclass(frozen=True, slots=True)
class CreditAnswer:
    """What the ledger says to who accepts emergency credit; ``amount_micro`` none: it refuses."""

    standing: Standing
    amount_micro: int | None


class Retention(NamedTuple):
    """How long messages are kept, and parts of which the others never came."""

    messages: timedelta
    parts: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message as it stands. ``sequence`` is the order in which they came."""

    sequence: int
    id: UUID
    gateway: str
    sender: str
    text: str
    heard_at: datetime
    attempts: int
    word: Word | None
    outcome: Outcome | None
    answer: Template | None
    account_id: UUID | None
    worked_at: datetime | None
