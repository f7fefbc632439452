"""Campaigns over HTTP."""

from datetime import date, datetime, time
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from notifier.campaigns.values import (
    PURPOSES,
    Campaign,
    CampaignState,
    MemberState,
    Segment,
    Skipped,
    Terms,
    What,
    Window,
)
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel
from prewatt_common.http.fields import PRINTABLE, Body, Reason

_INT64 = 2**63 - 1
_PPM_OF_PERCENT = 10_000
_DAYS_MAX = 366
_Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Of the customer's wall clock."""
_EXAMPLE: dict[str, Any] = {
    "name": "tariff of January",
    "purpose": "news",
    "channels": ["sms", "email"],
    "first_day": "2026-12-01",
    "last_day": "2026-12-14",
    "from_time": "09:00",
    "until_time": "20:00",
    "per_minute": 600,
    "holdout_percent": 10,
    "reason": "the law asks us to tell of it a month before",
}


class SegmentBody(Body):
    """Which accounts: all that is given must hold. Billing knows what fits together."""

    tariff: Annotated[str, Field(max_length=100, pattern=PRINTABLE)] | None = None
    household: bool | None = None
    used_month: _Day | None = None
    used_wh_min: Annotated[int, Field(ge=0, le=_INT64)] | None = None
    used_wh_max: Annotated[int, Field(ge=0, le=_INT64)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    balance_below_micro: Annotated[int, Field(ge=-_INT64, le=_INT64)] | None = None
    top_up_days_min: Annotated[int, Field(ge=0, le=36_500)] | None = None
    top_up_days_max: Annotated[int, Field(ge=0, le=36_500)] | None = None
    supply_office: Annotated[str, Field(max_length=100, pattern=PRINTABLE)] | None = None
    station_area: Annotated[str, Field(max_length=100, pattern=PRINTABLE)] | None = None
    line: Annotated[str, Field(max_length=100, pattern=PRINTABLE)] | None = None

    def segment(self) -> Segment:
        """As it is kept."""
        return msgspec.convert(self.model_dump(exclude_none=True), Segment)


class CampaignIn(Reason):
    """A campaign to draft. ``purpose``: news (of law and tariffs), supply, or campaigns (offers),
    as customers consent to them. ``channels``: over the first of them that a contact has.
    ``segment`` null: numbers of accounts are uploaded. On each day from ``first_day`` to
    ``last_day``, both told, from ``from_time`` until ``until_time``, in the customer's zone.
    ``holdout_percent``: left out by lot, to compare with; ``seed`` makes another lot.
    ``respond_days``: so long after it a payment counts as a response."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
    purpose: Purpose
    channels: Annotated[list[Channel], Field(min_length=1, max_length=len(Channel))]
    segment: SegmentBody | None = None
    first_day: _Day
    last_day: _Day
    from_time: _Clock
    until_time: _Clock
    per_minute: Annotated[int, Field(ge=1, le=60_000)]
    holdout_percent: Annotated[int, Field(ge=0, le=90)] = 0
    seed: Annotated[int, Field(ge=0, le=_INT64)] = 0
    respond_days: Annotated[int, Field(ge=1, le=90)] = 14

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.purpose not in PURPOSES:
            message = f"a campaign is of {', '.join(PURPOSES)}"
            raise ValueError(message)
        if len(set(self.channels)) < len(self.channels):
            message = "a channel is named twice"
            raise ValueError(message)
        if not 0 <= (self.last_day - self.first_day).days < _DAYS_MAX:
            message = f"last_day is not before first_day, and within {_DAYS_MAX} days of it"
            raise ValueError(message)
        if self.from_time >= self.until_time:
            message = "from_time is before until_time, on one day"
            raise ValueError(message)
        return self

    def terms(self) -> Terms:
        """As they are kept."""
        return Terms(
            name=self.name,
            purpose=self.purpose,
            channels=tuple(self.channels),
            segment=None if self.segment is None else self.segment.segment(),
            window=Window(
                self.first_day,
                self.last_day,
                time.fromisoformat(self.from_time),
                time.fromisoformat(self.until_time),
            ),
            per_minute=self.per_minute,
            holdout_ppm=self.holdout_percent * _PPM_OF_PERCENT,
            seed=self.seed,
            respond_days=self.respond_days,
        )


class MemberLine(BaseModel):
    """A line of a CSV file: an account, by its number."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]


class UploadedOut(BaseModel):
    """``added``: so many accounts are new to the campaign. One that the notifier does not know is
    skipped as the audience is frozen."""

    added: int


class CampaignOut(BaseModel):
    """A campaign as it stands."""

    id: UUID
    name: str
    purpose: Purpose
    channels: list[Channel]
    segment: SegmentBody | None
    first_day: date
    last_day: date
    from_time: str
    until_time: str
    per_minute: int
    holdout_percent: int
    seed: int
    respond_days: int
    state: CampaignState
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    frozen_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        """As it is shown."""
        terms, segment = campaign.terms, campaign.terms.segment
        return cls(
            id=campaign.id,
            name=terms.name,
            purpose=terms.purpose,
            channels=list(terms.channels),
            segment=None if segment is None else SegmentBody(**msgspec.structs.asdict(segment)),
            first_day=terms.window.first_day,
            last_day=terms.window.last_day,
            from_time=f"{terms.window.begin:%H:%M}",
            until_time=f"{terms.window.end:%H:%M}",
            per_minute=terms.per_minute,
            holdout_percent=terms.holdout_ppm // _PPM_OF_PERCENT,
            seed=terms.seed,
            respond_days=terms.respond_days,
            state=campaign.state,
            drafted_by=campaign.drafted_by,
            drafted_at=campaign.drafted_at,
            approved_by=campaign.approved_by,
            frozen_at=campaign.frozen_at,
            ended_at=campaign.ended_at,
        )


class StepOut(BaseModel, from_attributes=True):
    """What happened to it, by whom and why."""

    id: UUID
    what: What
    by: str
    reason: str
    at: datetime


class MemberOut(BaseModel, from_attributes=True):
    """An account of the audience. ``settled_at``: when it was told, left out or skipped."""

    number: str
    account_id: UUID | None
    state: MemberState
    skipped_for: Skipped | None
    settled_at: datetime | None
