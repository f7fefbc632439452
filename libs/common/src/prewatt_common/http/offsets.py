"""``/v1/offsets``: where a service's consumers stand, and a person's word that they go on."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.kafka.accept import GoOn, Offsets


class StandingOut(BaseModel):
    """A group in a partition. ``state``: ``fits``, or why it waits."""

    group: str
    topic: str
    partition: int
    offset: int
    topic_id: UUID
    log_begin: int
    log_end: int
    log_topic_id: UUID
    state: str


class AcceptanceOut(BaseModel):
    """Who let a group go on, from where, in which topic, and why."""

    group: str
    topic: str
    partition: int
    old_offset: int
    old_topic_id: UUID
    new_offset: int
    new_topic_id: UUID
    who: str
    reason: str
    at: datetime


class OffsetsOut(BaseModel):
    """Where every group stands, and the last hundred acceptances, newest first."""

    offsets: list[StandingOut]
    accepted: list[AcceptanceOut]


class AcceptIn(Reason):
    """``go_on``: ``begin`` takes all that the log has, ``end`` skips it, ``stay`` goes on where the
    database stands; without it, ``stay`` for a database that was restored, else ``begin``."""

    topic: Annotated[str, Field(min_length=1, max_length=249)]
    go_on: GoOn | None = None


def offsets_router(*, scope: str, offsets: Offsets) -> APIRouter:
    """For tokens with ``scope``:read, and to accept ``scope``:write."""
    router = APIRouter(prefix="/v1/offsets", tags=["operations"])

    @router.get("", dependencies=[Depends(require(f"{scope}:read"))])
    async def show() -> OffsetsOut:
        """Stored offsets beside Kafka's logs."""
        standings = await offsets.standings()
        return OffsetsOut(
            offsets=[StandingOut(**asdict(each)) for each in standings],
            accepted=[AcceptanceOut(**asdict(each)) for each in await offsets.acceptances()],
        )

    @router.post("/accept")
    async def accept(
        body: AcceptIn, principal: Annotated[Principal, Depends(require(f"{scope}:write"))]
    ) -> list[AcceptanceOut]:
        """Let the groups that wait at this topic go on. Their consumers begin within a minute."""
        accepted = await offsets.accept(
            topic=body.topic, go_on=body.go_on, who=principal.subject, reason=body.reason
        )
        return [AcceptanceOut(**asdict(each)) for each in accepted]

    return router
