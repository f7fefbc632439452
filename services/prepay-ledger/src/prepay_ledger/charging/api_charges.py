"""What was used and charged, and what was noticed of the readings, over HTTP."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from prepay_ledger.charging.charge_agreement import PeriodState, rated, year_before
from prepay_ledger.charging.ports import OpenUnit
from prepay_ledger.charging.postgres_queries import (
    ChargingQueries,
    FindingPlace,
    PeriodPlace,
    PeriodView,
    UnseenKey,
)
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.schemas import (
    CheckField,
    DayOut,
    EstimateOut,
    FindingOut,
    LineOut,
    PeriodOut,
    SeenIn,
    UnseenFindingOut,
)
from prepay_ledger.charging.see_finding import SeeFinding
from prepay_ledger.charging.values import SeenFinding
from prepay_ledger.fields import MeterIdField, Writer
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import instant_of, us_of

_DAYS_MAX = 400


def charges_router(
    *,
    open_unit: OpenUnit,
    queries: ChargingQueries,
    clock: Clock,
) -> APIRouter:
    """Charges of an account by period; findings and days of use of a meter."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(require("ledger:read"))])

    @router.get("/accounts/{account_id}/charges", tags=["accounts"])
    async def charges(
        account_id: UUID,
        page: Annotated[PageRequest[PeriodPlace], Depends(PagesBy(PeriodPlace))],
    ) -> Page[PeriodOut]:
        """What the account's periods have cost so far, with the lines, the newest first."""
        rows = await queries.periods(account_id, before=page.after, limit=page.rows_max)
        async with open_unit() as unit:
            pricings = Pricings(await unit.tariffs.book())
            agreements = [each.agreement for each in rows]
            annual = {a.id for a in agreements if pricings[a.book].has_annual_blocks}
            others = await unit.charging.all_periods(annual)
        now_us = us_of(clock())
        return page.of(
            rows,
            key=lambda row: (row.state.period.first, row.agreement.id),
            item=lambda row: _period(
                row, pricings, others.get(row.agreement.id, {}), now_us=now_us
            ),
        )

    @router.get("/meters/{meter_id}/findings", tags=["meters"])
    async def findings(
        meter_id: MeterIdField,
        page: Annotated[PageRequest[FindingPlace], Depends(PagesBy(FindingPlace))],
    ) -> Page[FindingOut]:
        """What was noticed of the meter's readings, by the time that it concerns. Some checks look
        with the readings that they concern, others once a day."""
        rows = await queries.findings(meter_id, after=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.place, item=FindingOut.model_validate)

    @router.get("/findings", tags=["meters"])
    async def unseen(
        page: Annotated[PageRequest[UnseenKey], Depends(PagesBy(UnseenKey))],
        stops_cut: Annotated[
            bool, Query(description="Those that hold cuts; false: the others too.")
        ] = True,
        check: Annotated[CheckField | None, Query(description="Of this check alone.")] = None,
    ) -> Page[UnseenFindingOut]:
        """What nobody has looked at, by meter, with the accounts that it concerns: those that hold
        cuts, or all with ``stops_cut=false``. Look, put right what is wrong, and say that you have
        looked (``.../findings/seen``)."""
        rows = await queries.unseen(
            after=page.after, limit=page.rows_max, stops_cut=stops_cut, check=check
        )
        return page.of(
            rows,
            key=lambda row: row.key,
            item=lambda row: UnseenFindingOut(
                meter_id=row.meter_id,
                account_ids=list(row.account_ids),
                **FindingOut.model_validate(row.finding).model_dump(),
            ),
        )

    @router.get("/meters/{meter_id}/days", tags=["meters"])
    async def days(
        meter_id: MeterIdField,
        first: Annotated[date, Query(alias="from")],
        last: Annotated[date, Query(alias="to")],
    ) -> list[DayOut]:
        """Energy by local day and slot, both ends included; the day that is open is left out."""
        if not timedelta(0) <= last - first <= timedelta(days=_DAYS_MAX):
            raise Problem(
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                kind="days-out-of-range",
                detail=f"from {first} to {last}: ask for 1 to {_DAYS_MAX} days, the first first.",
            )
        found = await queries.days(meter_id, first=first, last=last)
        return [DayOut.model_validate(each) for each in found]

    return router


def findings_router(
    *,
    open_unit: OpenUnit,
    see_finding: SeeFinding,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """What people do about findings."""
    router = APIRouter(prefix="/v1", tags=["meters"])

    @router.post("/meters/{meter_id}/findings/seen", status_code=HTTPStatus.NO_CONTENT)
    async def seen(meter_id: MeterIdField, body: SeenIn, principal: Writer) -> None:
        """Say that you have looked at a finding: it holds no cut any more. One with other values is
        another finding; but a stretch that goes on (a silence, late readings, a register that
        stands, nothing used, use while cut off) stays seen while it grows."""
        looked = SeenFinding(
            id=new_id(),
            meter_id=meter_id,
            check=body.check,
            begin_us=us_of(body.begin),
            end_us=us_of(body.end),
            before=body.before,
            after=body.after,
            seen_by=principal.subject,
            reason=body.reason,
            at=clock(),
        )
        async with open_unit() as unit:
            await see_finding(unit=unit, seen=looked)
        committed()

    return router


def _period(
    row: PeriodView, pricings: Pricings, others: Mapping[date, PeriodState], *, now_us: int
) -> PeriodOut:
    agreement = row.agreement
    # A period and those before it as of one moment, or its lines would not be its total.
    state = others.get(row.state.period.first, row.state)
    pricing = pricings[agreement.book]
    lines = rated(
        state,
        agreement,
        pricing,
        today=pricing.calendar.day_of(now_us),  # for seconds after midnight ahead of the sweep
        year_before_wh=year_before(others.values(), state.period),
    ).lines
    return PeriodOut(
        agreement_id=agreement.id,
        tariff_code=agreement.tariff_code,
        period_first=state.period.first,
        period_end=state.period.end,
        standing_days=state.standing_days,
        energy_wh=state.energy_wh,
        total_micro=state.total_micro,
        last_read_at=None if state.last_read_us is None else instant_of(state.last_read_us),
        estimated=None if row.estimate is None else EstimateOut.model_validate(row.estimate),
        lines=[LineOut.model_validate(line) for line in lines],
    )
