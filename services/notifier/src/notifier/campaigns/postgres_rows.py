"""Rows as values, and back."""

from typing import Any

import asyncpg
import msgspec

from notifier.campaigns.values import (
    Campaign,
    CampaignState,
    Member,
    MemberState,
    Segment,
    Skipped,
    Step,
    Terms,
    What,
    Window,
)
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel


def campaign_of(row: asyncpg.Record) -> Campaign:
    """A campaign as it is kept."""
    segment = row["segment"]
    terms = Terms(
        name=row["name"],
        purpose=Purpose(row["purpose"]),
        channels=tuple(map(Channel, row["channels"])),
        segment=None if segment is None else msgspec.convert(segment, Segment),
        window=Window(row["first_day"], row["last_day"], row["from_time"], row["until_time"]),
        per_minute=row["per_minute"],
        holdout_ppm=row["holdout_ppm"],
        seed=row["seed"],
        respond_days=row["respond_days"],
    )
    return Campaign(
        id=row["id"],
        terms=terms,
        state=CampaignState(row["state"]),
        drafted_by=row["drafted_by"],
        drafted_at=row["drafted_at"],
        approved_by=row["approved_by"],
        segment_cursor=row["segment_cursor"],
        frozen_at=row["frozen_at"],
        zones=tuple(row["zones"]),
        next_at=row["next_at"],
        told_at=row["told_at"],
        ended_at=row["ended_at"],
    )


def terms_columns(terms: Terms) -> list[Any]:
    """As `ADD` in `postgres` takes them."""
    window, segment = terms.window, terms.segment
    return [
        terms.name, terms.purpose, list(terms.channels),
        None if segment is None else msgspec.json.encode(segment).decode(),
        window.first_day, window.last_day, window.begin, window.end,
        terms.per_minute, terms.holdout_ppm, terms.seed, terms.respond_days,
    ]  # fmt: skip


def step_of(row: asyncpg.Record) -> Step:
    """What happened, as it is kept."""
    return Step(
        id=row["id"],
        campaign_id=row["campaign_id"],
        what=What(row["what"]),
        by=row["by"],
        reason=row["reason"],
        at=row["at"],
        key=row["asked_as"],
        asked_sha256=row["asked_sha256"],
    )


def member_of(row: asyncpg.Record) -> Member:
    """A member as it is kept."""
    why = row["skipped_for"]
    return Member(
        number=row["number"],
        account_id=row["account_id"],
        state=MemberState(row["state"]),
        skipped_for=None if why is None else Skipped(why),
        settled_at=row["settled_at"],
    )
