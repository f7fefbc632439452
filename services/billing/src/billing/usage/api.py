"""GET /v1/meters/{meter_id}/usage: what a meter used, by slice of local time; also as a file."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import pyarrow as pa
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from billing.reconciliation.api_meters import UnknownMeter
from billing.usage.answer_usage import AnswerUsage
from billing.usage.export import csv_of, parquet_of
from billing.usage.values import Quality, Question, RangeRefused, Resolution, Slice, Usage
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem
from prewatt_metering.calendar.instants import instant_of
from prewatt_metering.calendar.local import LocalCalendar

SLICES_MAX = 10_000
"""Of an answer in JSON, which is made as a whole; a file may have more."""
_Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]


class ArchiveUnreadable(Problem):
    """503."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            kind="archive-unreadable",
            detail=f"A file of the archive could not be read ({error}), and rather than less than "
            "there is nothing is shown. Ask again in a minute; if that goes on, "
            "`prewatt archive check` names what is wrong.",
        )


class SliceOut(BaseModel):
    """Use of a stretch of time, in Wh at the point of supply; null where nothing is known."""

    begins_at: datetime
    ends_at: datetime
    energy_wh: int | None
    quality: Quality


class UsageOut(BaseModel):
    """``account_id`` is whom the meter serves at the end of the range, or served last before;
    ``timezone`` is that of its tariff. ``energy_wh`` is the sum of the slices."""

    meter_id: str
    account_id: UUID
    timezone: str
    resolution: Resolution
    energy_wh: int
    slices: list[SliceOut]


async def question(
    meter_id: str,
    first: Annotated[_Day, Query(alias="from", description="The first local day.")],
    end: Annotated[_Day, Query(alias="to", description="The local day after the last.")],
    resolution: Resolution = Resolution.DAY,
) -> Question:
    """A dependency. Raises `RangeRefused`."""
    return Question(meter_id=meter_id, first=first, end=end, resolution=resolution)


Asked = Annotated[Question, Depends(question)]


def usage_router(*, answer: AnswerUsage) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1/meters/{meter_id}",
        tags=["meters"],
        dependencies=[Depends(require("billing:read"))],
    )

    @router.get(
        "/usage", summary="What a meter used, by slice of local time", response_model=UsageOut
    )
    async def usage(asked: Asked) -> Response:
        """Of local days from ``from`` up to, without, ``to``: by the readings that are trusted and
        by the installations, whomever the meter served, as billing compares them."""
        found = await _answer(answer, asked)
        if len(found.slices) > SLICES_MAX:
            message = (
                f"These are {len(found.slices)} slices, and an answer has {SLICES_MAX} at most: "
                "ask for fewer days, or for usage.csv or usage.parquet"
            )
            raise RangeRefused(message)
        told = UsageOut(
            meter_id=asked.meter_id,
            account_id=found.account_id,
            timezone=found.timezone,
            resolution=asked.resolution,
            energy_wh=sum(each.energy_wh or 0 for each in found.slices),
            slices=[_slice(found.calendar, each) for each in found.slices],
        )
        # As it is: to have thousands of slices checked once more takes longer than to make them.
        return Response(told.model_dump_json(), media_type="application/json")

    @router.get(
        "/usage.csv",
        summary="The same as a CSV file",
        response_class=StreamingResponse,
        responses={HTTPStatus.OK: {"content": {"text/csv": _CSV_FILE}}},
    )
    async def usage_csv(asked: Asked) -> StreamingResponse:
        """Columns begins_at, ends_at (local time and its distance from UTC), energy_wh, quality."""
        found = await _answer(answer, asked)
        return StreamingResponse(
            csv_of(found), media_type="text/csv", headers=_as_file(found, "csv")
        )

    @router.get(
        "/usage.parquet",
        summary="The same as a Parquet file",
        response_class=StreamingResponse,
        responses={HTTPStatus.OK: {"content": {PARQUET: {}}}},
    )
    async def usage_parquet(asked: Asked) -> StreamingResponse:
        """The same columns, instants in UTC; the timezone is in the file's metadata."""
        found = await _answer(answer, asked)
        return StreamingResponse(
            parquet_of(found), media_type=PARQUET, headers=_as_file(found, "parquet")
        )

    return router


PARQUET = "application/vnd.apache.parquet"
_CSV_FILE = {
    "schema": {"type": "string"},
    "example": "begins_at,ends_at,energy_wh,quality\n"
    "2026-11-28T00:00:00+08:00,2026-11-29T00:00:00+08:00,10600,measured\n",
}


async def _answer(answer: AnswerUsage, asked: Question) -> Usage:
    try:
        found = await answer(asked)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveUnreadable(error) from error
    if found is None:
        raise UnknownMeter(asked.meter_id)
    return found


def _as_file(found: Usage, kind: str) -> dict[str, str]:
    """So that a browser keeps it under a name that says what it is."""
    asked = found.question
    name = f"{asked.meter_id}-{asked.first}-{asked.end}-{asked.resolution}.{kind}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _slice(calendar: LocalCalendar, found: Slice) -> SliceOut:
    return SliceOut(
        begins_at=instant_of(found.begin_us).astimezone(calendar.tz),
        ends_at=instant_of(found.end_us).astimezone(calendar.tz),
        energy_wh=found.energy_wh,
        quality=found.quality,
    )
