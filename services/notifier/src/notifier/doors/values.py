"""A notice that somebody brought to the customer's door, and what shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from notifier.notices.values import Template

PHOTO_BYTES_MAX = 3 * 1024 * 1024


class How(StrEnum):
    """As procedures name forms of service: the law tells the two apart."""

    IN_PERSON = "in_person"
    """Put into somebody's hands."""
    POSTED_AT_PREMISES = "posted_at_premises"
    """Left at the door, where a household sees it."""


class PhotoKind(StrEnum):
    """What a photo is, by its first bytes."""

    JPEG = "image/jpeg"
    PNG = "image/png"


@dataclass(frozen=True, slots=True)
class Photo:
    """Byte for byte as it came: what is evidence is not written anew."""

    kind: PhotoKind
    octets: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was: in millionths of a degree (WGS 84), in words, or both."""

    latitude_micro: int | None
    longitude_micro: int | None
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorReport:
    """What a person says that they did. ``notice_id``: what the paper says is what this notice
    says. ``work_order_id``: the ledger's, where one sent them."""

    notice_id: UUID
    how: How
    place: Place
    at: datetime
    photo: Photo
    work_order_id: UUID | None
    by: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorNotice:
    """A record, as it is kept and never changed. ``at`` is the bringer's word; ``is_late``: it was
    recorded so long after that, that another person must confirm it. ``is_evidence``: the notice
    was true as it was recorded, or confirmed, and the ledger is told that it was delivered."""

    id: UUID
    notice_id: UUID
    account_id: UUID
    template: Template
    how: How
    place: Place
    at: datetime
    work_order_id: UUID | None
    photo_sha256: bytes
    by: str
    recorded_at: datetime
    is_late: bool
    is_evidence: bool
    confirmation: "Confirmation | None" = None

    @property
    def evidence_from(self) -> datetime | None:
        """From when it is evidence: when the last who vouches for it did so, and not when one
        person says that it was. None where it is none."""
        if not self.is_evidence:
            return None
        return self.recorded_at if self.confirmation is None else self.confirmation.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Another person vouches for a record that came late. Never changed."""

    door_id: UUID
    by: str
    reason: str
    key: str
    at: datetime
    is_evidence: bool


@dataclass(frozen=True, slots=True)
class Retention:
    """How long photos are kept; what was brought, where, when and by whom stays."""

    photos: timedelta
