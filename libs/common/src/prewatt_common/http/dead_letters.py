"""``/v1/dead-letters``: what a service's consumers did not handle, to look at and to replay."""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.kafka.letters import Letter, LetterKey, Letters
from prewatt_common.kafka.replay import HANDLED, Replay, Replayed

Id = Annotated[str, Query(max_length=300)]


class ReplayedOut(BaseModel):
    """Who had it handled again, why, and the outcome: ``handled``, the reason why it was refused
    again, or ``failed``: a fault of the service, which is in its log."""

    outcome: str
    detail: str
    who: str
    reason: str
    at: datetime


class LetterOut(BaseModel):
    """A record that a consumer did not handle, and why. ``source``: topic/partition/offset.
    ``open``: no replay has handled it."""

    id: str
    topic: str
    group: str
    reason: str
    detail: str
    source: str
    dead_at: datetime
    key: str
    open: bool


class WholeLetterOut(LetterOut):
    """A dead letter with the record as it came. ``value``: none where it is no text.
    ``cut_from_bytes``: the size of the whole, where this is only its beginning."""

    headers: list[tuple[str, str]]
    value: str | None
    value_base64: str
    cut_from_bytes: int | None
    replays: list[ReplayedOut]


def dead_letters_router(*, scope: str, letters: Letters, replay: Replay) -> APIRouter:
    """For tokens with ``scope``:read, and to replay ``scope``:write."""
    router = APIRouter(prefix="/v1/dead-letters", tags=["operations"])
    reading = [Depends(require(f"{scope}:read"))]

    @router.get("", dependencies=reading)
    async def listed(
        page: Annotated[PageRequest[LetterKey], Depends(PagesBy(LetterKey))],
        topic: Id | None = None,
    ) -> Page[LetterOut]:
        """What this service's consumers did not handle, topic by topic, newest first. A page may
        be short, or empty, before the end: others' dead letters lie between these."""
        found, last = await letters.page(topic=topic, before=page.after, limit=page.limit)
        replays = await replay.replays_of(found)
        return page.until(
            found, last=last, item=lambda each: LetterOut(**_short(each, replays[each.id]))
        )

    @router.get("/{letter}", dependencies=reading)
    async def one(letter: str) -> WholeLetterOut:
        """One of them with its record, and what people did with it."""
        return await _whole(replay, await letters.one(letter))

    @router.post("/{letter}/replay")
    async def replay_one(
        letter: str,
        body: Reason,
        principal: Annotated[Principal, Depends(require(f"{scope}:write"))],
    ) -> WholeLetterOut:
        """Have it handled again, by the consumer that did not; `replays` says what came of it."""
        found = await letters.one(letter)
        await replay(found, who=principal.subject, reason=body.reason)
        return await _whole(replay, found)

    return router


async def _whole(replay: Replay, letter: Letter) -> WholeLetterOut:
    replays = (await replay.replays_of([letter]))[letter.id]
    try:
        text = letter.value.decode()
    except UnicodeDecodeError:
        text = None
    return WholeLetterOut(
        **_short(letter, replays),
        headers=[(name, value.decode("utf-8", "replace")) for name, value in letter.headers],
        value=text,
        value_base64=base64.b64encode(letter.value).decode(),
        cut_from_bytes=letter.cut_from_bytes,
        replays=[ReplayedOut(**asdict(each)) for each in replays],
    )


def _short(letter: Letter, replays: Sequence[Replayed]) -> dict[str, Any]:
    return {
        "id": letter.id,
        "topic": letter.topic,
        "group": letter.group,
        "reason": letter.reason,
        "detail": letter.detail,
        "source": letter.source,
        "dead_at": letter.dead_at,
        "key": letter.key.decode("utf-8", "replace"),
        "open": not any(each.outcome == HANDLED for each in replays),
    }
