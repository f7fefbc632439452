"""Reconnections over HTTP."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from prepay_ledger.reconnections.rules import stage_of
from prepay_ledger.reconnections.values import Cause, Duration, Percentiles, Reconnection, Summary
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage

_MS = timedelta(milliseconds=1)


class ReconnectionOut(BaseModel):
    """How far a relay came that was to close: when each stage was reached, null where it was not or
    nobody saw it. ``deadline_at``: when it is late unless it comes further, null where it cannot
    be. ``breach_stage``: the stage that it stuck in when it was late. ``credit_micro``: what the
    account is given for being late; ``journal_id``: the journal that gave it."""

    id: UUID
    account_id: UUID
    meter_id: str
    cause: Cause
    stage: ReconnectionStage
    caused_at: datetime
    issued_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    armed_at: datetime | None
    closed_at: datetime | None
    load_at: datetime | None
    deadline_at: datetime | None
    breached_at: datetime | None
    breach_stage: ReconnectionStage | None
    credit_micro: int
    journal_id: int | None
    done_at: datetime | None
    superseded_at: datetime | None


class PercentilesOut(BaseModel):
    """Of ``count`` durations, in milliseconds."""

    count: int
    p50_ms: int
    p95_ms: int
    p99_ms: int


class SummaryOut(BaseModel):
    """Of the reconnections that were caused in that time. ``late``: how many, by the stage that
    they stuck in; ``durations``: how long they took from one stage to another, where any did."""

    begun: int
    open: int
    closed: int
    with_load: int
    superseded: int
    credited: int
    late: dict[ReconnectionStage, int]
    durations: dict[Duration, PercentilesOut]


def reconnection_out(of: Reconnection) -> ReconnectionOut:
    """As it is shown."""
    names = ReconnectionOut.model_fields.keys() - {"stage"}
    return ReconnectionOut(stage=stage_of(of), **{name: getattr(of, name) for name in names})


def summary_out(summary: Summary) -> SummaryOut:
    """As it is shown."""
    shown = {name: each for name, each in summary._asdict().items() if name != "durations"}
    return SummaryOut(
        **shown, durations={name: _percentiles(one) for name, one in summary.durations.items()}
    )


def _percentiles(of: Percentiles) -> PercentilesOut:
    return PercentilesOut(
        count=of.number, p50_ms=of.p50 // _MS, p95_ms=of.p95 // _MS, p99_ms=of.p99 // _MS
    )
