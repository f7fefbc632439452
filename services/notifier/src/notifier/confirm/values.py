"""What somebody asks who got a notice, and what they are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifier.contacts.values import Channel


class Topic(StrEnum):
    """What a notice is about: as much of it as a stranger may hear."""

    LOW_BALANCE = "low-balance"
    EXHAUSTED = "exhausted"
    CUT = "cut"
    LIMITED = "limited"
    BACK = "back"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """``tail`` is of an account's number, ``code`` of a notice, both as they are kept."""

    tail: str
    code: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """A notice that we did send: nothing of who got it, nor of the account."""

    topic: Topic
    channel: Channel
    at: datetime
    """When it was made."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """Asked too often: nothing was looked up."""

    wait_s: int


@dataclass(frozen=True, slots=True)
class NotSaid:
    """We did not send it, or it was typed wrong: which of the two is not told."""


Answer = Said | NotSaid | TooOften
