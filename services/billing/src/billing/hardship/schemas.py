"""Hardship over HTTP. Money in micro-units, energy in Wh, ratios in ppm."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

from billing.hardship.explain_texts import Language
from billing.hardship.policy import document_of
from billing.hardship.ports import Published
from billing.hardship.values import (
    KINDS,
    Acknowledgement,
    Action,
    Doubt,
    EndedBy,
    Evidence,
    Flag,
    Kind,
    Level,
    Name,
)
from prewatt_common.http.fields import PRINTABLE, Body, Reason

IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=100, pattern=PRINTABLE)
]
"""The caller's own name of what it asks for: under one key it is done once."""
_EXAMPLE: dict[str, Any] = {
    "document": {
        "title": "Hardship indicators of 2026",
        "timezone": "Asia/Shanghai",
        "indicators": {
            "ran_out": {"times": 2, "minutes": 180, "source": "an example; to be verified"},
            "stays_off": {"hours": 24, "source": "an example; to be verified"},
        },
    },
    "reason": "agreed with customer service, minutes of 27 November",
}


class EvidenceOut(BaseModel):
    """An indicator that holds. ``numbers``: ``seen_...`` and ``before_...`` are the household's,
    ``neighbours...`` its tariff's, the others are the policy's thresholds. ``days``: where to look
    in the account's history."""

    name: Name
    kind: Kind
    numbers: dict[str, int]
    days: list[date]

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Of what was noticed."""
        return cls(
            name=evidence.name,
            kind=KINDS[evidence.name],
            numbers=dict(evidence.numbers),
            days=list(evidence.days),
        )


class AcknowledgementOut(BaseModel, from_attributes=True):
    """What a person did about a flag."""

    id: UUID
    flag_id: UUID
    at: datetime
    by: str
    action: Action
    note: str


class FlagOut(BaseModel):
    """An account that a person should look at. It is never a reason to cut. ``ended_day`` null: it
    stands. ``acknowledgement``: the last one; null: nobody has dealt with it."""

    id: UUID
    account_id: UUID
    level: Level
    doubts: list[Doubt]
    indicators: list[Name]
    first_day: date
    last_true_day: date
    policy_version: int
    raised_at: datetime
    ended_day: date | None
    ended_by: EndedBy | None
    acknowledgement: AcknowledgementOut | None


class FlagDayOut(BaseModel):
    """How a flag was from that day on, until the next of these."""

    day: date
    level: Level
    doubts: list[Doubt]
    policy_version: int
    evidence: list[EvidenceOut]


class WholeFlagOut(FlagOut):
    """With its numbers, its history, and all that was done about it."""

    account_number: str | None
    evidence: list[EvidenceOut]
    history: list[FlagDayOut]
    acknowledgements: list[AcknowledgementOut]


class ExplanationOut(BaseModel):
    """A flag in words, for a person of the utility."""

    flag_id: UUID
    account_id: UUID
    language: Language
    text: str


class AcknowledgementIn(Body):
    """What was done. ``vulnerable_register``: the account was put, or is to be put, under a
    protection at the ledger, which is another request there."""

    action: Action
    note: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)]


class LookOut(BaseModel, from_attributes=True):
    """Who saw what; ``account_id`` null: a list."""

    id: UUID
    at: datetime
    by: str
    what: str
    account_id: UUID | None


class PolicyIn(Reason):
    """A policy, and why it is published."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    document: dict[str, Any]


class PolicyOut(BaseModel):
    """A version of the policy, with all that was left out."""

    version: int
    published_at: datetime
    published_by: str
    reason: str
    document: dict[str, Any]

    @classmethod
    def of(cls, published: Published) -> Self:
        """Of a version."""
        return cls(
            version=published.version,
            published_at=published.at.astimezone(UTC),
            published_by=published.by,
            reason=published.reason,
            document=document_of(published.policy),
        )


def flag_out(row: tuple[Flag, Acknowledgement | None]) -> FlagOut:
    """With the last thing that was done about it."""
    flag, done = row
    return FlagOut(**_fields(flag), acknowledgement=done and _done(done))


def whole_flag_out(
    flag: Flag,
    *,
    number: str | None,
    history: Sequence[Flag],
    acknowledgements: Sequence[Acknowledgement],
) -> WholeFlagOut:
    """All of it."""
    return WholeFlagOut(
        **_fields(flag),
        account_number=number,
        acknowledgement=_done(acknowledgements[-1]) if acknowledgements else None,
        evidence=[EvidenceOut.of(each) for each in flag.evidence],
        history=[
            FlagDayOut(
                day=each.last_true_day,
                level=each.level,
                doubts=list(each.doubts),
                policy_version=each.policy_version,
                evidence=[EvidenceOut.of(one) for one in each.evidence],
            )
            for each in history
        ],
        acknowledgements=[_done(each) for each in acknowledgements],
    )


def _fields(flag: Flag) -> dict[str, Any]:
    return {
        "id": flag.id,
        "account_id": flag.account_id,
        "level": flag.level,
        "doubts": list(flag.doubts),
        "indicators": [each.name for each in flag.evidence],
        "first_day": flag.first_day,
        "last_true_day": flag.last_true_day,
        "policy_version": flag.policy_version,
        "raised_at": flag.raised_at,
        "ended_day": flag.ended_day,
        "ended_by": flag.ended_by,
    }


def _done(done: Acknowledgement) -> AcknowledgementOut:
    return AcknowledgementOut.model_validate(done)
