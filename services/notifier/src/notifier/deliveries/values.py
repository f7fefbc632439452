"""A notice on its way, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.contacts.values import Channel, Language
from notifier.notices.values import Notice, Status, Template
from notifier.templates.values import PublishedText, Worded
from prewatt_common.contracts.notice_events_v1 import Proof, Role


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice in the hands of this process. ``attempts`` counts this attempt and is what tells
    apart whoever holds the notice now from whoever held it before."""

    notice: Notice
    account_number: str
    attempts: int
    created_at: datetime
    timezone: str | None = None
    """Of the customer, where the contact says it."""
    published: PublishedText | None = None
    """What it is said with, where somebody has published a text for it."""


REASON_MAX = 500


def as_kept(said: str, *, chars_max: int = REASON_MAX) -> str:
    """What a peer has said, as text that the database takes: an answer in another coding than it
    should be has halves of characters, or a zero, in it."""
    return said.encode("utf-8", "replace").decode().replace("\0", "")[:chars_max]


class SaidWith(NamedTuple):
    """Which version of the text a notice was said with, and the SHA-256 of its words."""

    version: int
    sha256: bytes


def said_with(worded: Worded) -> SaidWith:
    """What is kept of the words: enough to know them again."""
    text = worded.text
    said = "\n".join((text.subject, text.body, text.short))
    return SaidWith(worded.version, sha256(said.encode()).digest())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to. A passing failure has ``retry_after``; a final one has not."""

    reason: str | None = None
    retry_after: timedelta | None = None
    peer_answers: bool | None = None
    """False where the peer takes no notice at all; none where it was not asked."""
    proof: Proof | None = None
    """Of its delivery, where that is known as the peer accepts it."""
    segments: int | None = None
    message_ids: Sequence[str] = ()
    """The SMS centre's numbers of it, where it reports by them."""
    said: SaidWith | None = None
    """What the peer has accepted."""
    is_called_off: bool = False
    """It was not sent, for its campaign was cancelled before it left."""

    @property
    def attempt(self) -> str | None:
        """What the peer said, for the metric; none where it was not asked."""
        if self.reason is None:
            return "accepted"
        if self.peer_answers is None:
            return None
        if not self.peer_answers:
            return "down"
        return "refused" if self.retry_after is None else "later"

    @property
    def status(self) -> Status:
        """The status that follows."""
        if self.is_called_off:
            return Status.WITHDRAWN
        if self.reason is None:
            return Status.DELIVERED if self.proof else Status.ACCEPTED
        return Status.FAILED if self.retry_after is None else Status.QUEUED


@dataclass(frozen=True, slots=True)
class SegmentPrice:
    """What the network takes for each segment."""

    currency: str
    micro: int


class Said(NamedTuple):
    """What receipts say of a notice, taken together."""

    verdict: Verdict
    reason: str


class Refusal(NamedTuple):
    """A channel that will never take a notice, and why."""

    channel: Channel
    reason: str


@dataclass(frozen=True, slots=True)
class RecordedNotice:
    """A notice as it stands. ``sequence`` is the order in which notices were made."""

    sequence: int
    id: UUID
    cause_id: UUID
    account_id: UUID
    role: Role
    template: Template
    language: Language
    channel: Channel
    recipient: str
    status: Status
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    proof: Proof | None
    segments: int | None
    text_version: int | None
    created_at: datetime
    accepted_at: datetime | None
    finished_at: datetime | None
    campaign_id: UUID | None = None


class Hold(StrEnum):
    """Why nothing of a campaign leaves."""

    PAUSED = "paused"
    CANCELLED = "cancelled"


class Standing(NamedTuple):
    """A notice as it stands, among those of the same cause."""

    notice: Notice
    overtaken: bool
    """Something came that leaves it untrue."""
    on_its_way: bool
    """It, or another of its cause, waits or is being sent."""
    last_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """Notice ``of`` was said anew as ``id``: who wanted it, and why."""

    id: UUID
    of: UUID
    key: str
    by: str
    reason: str
    at: datetime


class Kept(NamedTuple):
    """What is kept of a notice's words."""

    delivery: Delivery
    said_sha256: bytes | None
    """Of what its peer has accepted."""


PARKED_MAX = 10
"""Beyond so many it is the release, and no notice: all deliveries stop."""


class Doing(StrEnum):
    """What was being done with a notice as it raised."""

    READ = "read"
    SEND = "send"
    RECORD = "record"
    EXPIRE = "expire"


class NoticeBroken(Exception):
    """What is done with a notice, or with many, raised at this one, by an ``error`` that nobody
    foresaw. Nothing of it is committed; the others go again once this one is parked."""

    def __init__(self, notice_id: UUID, doing: Doing, error: Exception) -> None:
        super().__init__(f"{doing} of notice {notice_id}: {error!r}")
        self.notice_id = notice_id
        self.doing = doing
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedNotice:
    """A notice that is set aside because its handling raised, until a person says what becomes of
    it. ``peer_has_it``: a peer had accepted it as that could not be written down."""

    notice_id: UUID
    since: datetime
    doing: Doing
    error: str
    peer_has_it: bool
    said: Said | None = None
    """What a receipt or a bounce has said of it since."""


def set_aside(
    notice_id: UUID,
    error: Exception,
    *,
    doing: Doing,
    since: datetime,
    peer_has_it: bool = False,
    said: Said | None = None,
) -> ParkedNotice:
    """For an error of its own."""
    return ParkedNotice(
        notice_id=notice_id,
        since=since,
        doing=doing,
        error=as_kept(f"{type(error).__name__}: {error}"),
        peer_has_it=peer_has_it,
        said=said,
    )


class ParkedEnd(StrEnum):
    """What a person did with a parked notice."""

    RELEASED = "released"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedStep:
    """Who let a parked notice go, or dropped it, and why. ``key`` is their Idempotency-Key."""

    id: UUID
    parked: ParkedNotice
    what: ParkedEnd
    key: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedView:
    """A parked notice as people see it, with where it stands now."""

    notice_id: UUID
    account_id: UUID
    template: str
    channel: str
    status: Status
    since: datetime
    doing: Doing
    error: str
    peer_has_it: bool
