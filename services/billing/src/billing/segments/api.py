"""``GET /v1/segments/accounts``. Money is integer micro-units of the currency in JSON."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from billing.segments.ports import Segments
from billing.segments.refusals import HardshipIsNoSegment, InvalidSegment
from billing.segments.values import Member, Segment, problems_of
from prewatt_common.http.auth import require
from prewatt_common.http.fields import PRINTABLE
from prewatt_common.http.pages import Page, PageRequest, PagesBy

_INT64 = 2**63 - 1
_Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
_Code = Annotated[str, Field(max_length=100, pattern=PRINTABLE)]
_Days = Annotated[int, Field(ge=0, le=36_500)]
_Wh = Annotated[int, Field(ge=0, le=_INT64)]


class MemberOut(BaseModel, from_attributes=True):
    """An account of the segment: which one, and nothing else of it."""

    account_id: UUID
    number: str


async def asked(
    as_of: Annotated[_Day, Query(description="On this local day it has an agreement.")],
    *,
    tariff: Annotated[_Code | None, Query(description="It is under it on that day.")] = None,
    household: Annotated[
        bool | None, Query(description="All meters at it now are of a household, or not all.")
    ] = None,
    used_month: Annotated[
        _Day | None, Query(description="A day of the month whose charged energy is looked at.")
    ] = None,
    used_wh_min: _Wh | None = None,
    used_wh_max: _Wh | None = None,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None,
    balance_below_micro: Annotated[int | None, Query(ge=-_INT64, le=_INT64)] = None,
    top_up_days_min: Annotated[
        _Days | None,
        Query(description="So long before `as_of` the last top-up was, or longer, or never."),
    ] = None,
    top_up_days_max: Annotated[
        _Days | None, Query(description="So long before `as_of` the last top-up was at most.")
    ] = None,
    supply_office: Annotated[_Code | None, Query(description="A meter at it is there.")] = None,
    station_area: Annotated[_Code | None, Query(description="A meter at it is there.")] = None,
    line: Annotated[_Code | None, Query(description="A meter at it is on that line.")] = None,
    hardship: Annotated[
        str | None, Query(max_length=100, description="Refused, whatever it says.")
    ] = None,
) -> Segment:
    """A dependency. Raises `InvalidSegment` or `HardshipIsNoSegment`."""
    if hardship is not None:
        message = (
            "whether a household goes without is for a person who calls it (/v1/hardship/flags), "
            "and is no segment: a list of such households would be a mailing list of the poor"
        )
        raise HardshipIsNoSegment(message)
    segment = Segment(
        as_of=as_of,
        tariff=tariff,
        household=household,
        used_month=used_month and used_month.replace(day=1),
        used_wh_min=used_wh_min,
        used_wh_max=used_wh_max,
        currency=currency,
        balance_below_micro=balance_below_micro,
        top_up_days_min=top_up_days_min,
        top_up_days_max=top_up_days_max,
        supply_office=supply_office,
        station_area=station_area,
        line=line,
    )
    problems = problems_of(segment)
    if problems:
        raise InvalidSegment("; ".join(problems))
    return segment


def segments_router(*, segments: Segments) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1/segments",
        tags=["segments"],
        dependencies=[Depends(require("billing:segments"))],
    )

    @router.get("/accounts")
    async def accounts(
        segment: Annotated[Segment, Depends(asked)],
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
    ) -> Page[MemberOut]:
        """Accounts that fit all that is asked, in order of their ids. Balances, meters and energy
        are those of now. Read on until `next` is null: a page may have none."""
        found = await segments.members(segment, after=page.after, limit=page.limit)
        return page.until(found.members, last=found.last, item=_shown)

    return router


def _shown(member: Member) -> MemberOut:
    return MemberOut.model_validate(member)
