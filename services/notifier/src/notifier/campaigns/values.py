"""A campaign: what many are told, whom, when, and how it stands."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

import msgspec

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel

PURPOSES = (Purpose.NEWS, Purpose.SUPPLY, Purpose.CAMPAIGNS)
"""What campaigns may be for: the law and tariffs, the supply, offers. Never payments: those are
told one by one, by what happens."""


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    """It may be given accounts, and waits for a second person."""
    APPROVED = "approved"
    """Its audience is being counted."""
    FROZEN = "frozen"
    """Its audience stands for good; nobody was told anything yet."""
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


class What(StrEnum):
    """What happened to a campaign."""

    DRAFTED = "drafted"
    UPLOADED = "uploaded"
    APPROVED = "approved"
    FROZEN = "frozen"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    ENDED = "ended"


class Skipped(StrEnum):
    """Why an account was not told."""

    UNKNOWN_ACCOUNT = "unknown_account"
    NO_CONSENT = "no_consent"
    NO_CHANNEL = "no_channel"
    """No contact, or none of the campaign's channels in it."""
    CANCELLED = "cancelled"
    NOT_IN_TIME = "not_in_time"
    """The campaign's last day was over first."""


class MemberState(StrEnum):
    """Where an account of an audience stands."""

    WAITING = "waiting"
    QUEUED = "queued"
    """It has its notice, whatever became of that."""
    SKIPPED = "skipped"
    HELD_OUT = "held_out"
    """It would have been told, and was left out to compare with."""


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What billing is asked by; see `GET /v1/segments/accounts` there."""

    tariff: str | None = None
    household: bool | None = None
    used_month: date | None = None
    used_wh_min: int | None = None
    used_wh_max: int | None = None
    currency: str | None = None
    balance_below_micro: int | None = None
    top_up_days_min: int | None = None
    top_up_days_max: int | None = None
    supply_office: str | None = None
    station_area: str | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """When customers are told: on each day from ``first_day`` to ``last_day``, both included, from
    ``begin`` until ``end``, in the customer's zone."""

    first_day: date
    last_day: date
    begin: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a person drafts, and another approves."""

    name: str
    purpose: Purpose
    channels: tuple[Channel, ...]
    """In order: over the first that a contact has."""
    segment: Segment | None
    """None: accounts are uploaded."""
    window: Window
    per_minute: int
    holdout_ppm: int
    """So many of a million are left out, to compare with."""
    seed: int
    respond_days: int
    """So long after it what an account does counts as a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as it stands."""

    id: UUID
    terms: Terms
    state: CampaignState
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None = None
    segment_cursor: str | None = None
    frozen_at: datetime | None = None
    zones: tuple[str, ...] = ()
    next_at: datetime | None = None
    """When the next may be told at its pace."""
    told_at: datetime | None = None
    """When it last had somebody's turn, or nobody to tell."""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happened to a campaign, by whom and why. ``key``: the Idempotency-Key it was asked
    under, with a digest of what was asked; none where nobody asked."""

    id: UUID
    campaign_id: UUID
    what: What
    by: str
    reason: str
    at: datetime
    key: str | None = None
    asked_sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class NewMember:
    """An account of an audience, with its place and whether it is left out."""

    number: str
    place: int
    held_out: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A member whose turn it is. ``position``: of its next notice."""

    number: str
    account_id: UUID
    zone: str
    held_out: bool
    position: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member as it stands."""

    number: str
    account_id: UUID | None
    state: MemberState
    skipped_for: Skipped | None
    settled_at: datetime | None
