"""GET /v1/reconciliation/{month}. Money is integer micro-units of the currency in JSON."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from billing.reconciliation.compare import Compared, Kind, Tally
from billing.reconciliation.ports import ComparisonStore
from billing.reconciliation.reconcile import reconcile
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem
from prewatt_metering.monthly.months import BillingMonth


class InvalidMonth(Problem):
    """422: not a month."""

    def __init__(self, text: str) -> None:
        detail = f"{text!r} is not a billing month; write YYYY-MM, such as 2026-11."
        super().__init__(
            status=HTTPStatus.UNPROCESSABLE_ENTITY, kind="invalid-month", detail=detail
        )


class Side(BaseModel):
    """What one of the two has for the month. ``import_wh`` is the highest register."""

    total_micro: int
    energy_wh: int
    import_wh: int
    last_read_at: datetime


class Difference(BaseModel):
    """A meter-month that does not (yet) agree. A side that has nothing is null."""

    kind: Kind
    binding_id: UUID
    account_id: UUID
    account_number: str | None
    meter_id: str
    currency: str | None
    billing: Side | None
    ledger: Side | None
    changed_at: datetime | None
    """When either side last moved, as billing saw it."""


class CurrencyTotals(BaseModel):
    """Sums in micro-units; currency null where billing knows no tariff."""

    currency: str | None
    billing_total_micro: int
    ledger_total_micro: int


class Summary(BaseModel):
    """The whole month, in meter-months."""

    compared: int
    agrees: int
    in_flight: int
    differs: int
    missing_in_ledger: int
    missing_in_billing: int
    not_rateable: int
    totals: list[CurrencyTotals]


class ReconciliationPage(Page[Difference]):
    """``summary`` comes with the first page only."""

    month: str
    summary: Summary | None


def reconciliation_router(*, store: ComparisonStore) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1", tags=["reconciliation"], dependencies=[Depends(require("billing:read"))]
    )

    @router.get("/reconciliation/{month}", summary="Billing's charges against the ledger's")
    async def reconciliation(
        month: Annotated[str, Path(description="YYYY-MM", examples=["2026-11"])],
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
        kind: Annotated[
            list[Kind] | None, Query(description="Kinds to list; all but `agrees` by default")
        ] = None,
    ) -> ReconciliationPage:
        billing_month = parse_month(month)
        found = await reconcile(
            store=store,
            month=billing_month,
            kinds=frozenset(kind) if kind else frozenset(Kind) - {Kind.AGREES},
            after=page.after,
            limit=page.rows_max,
        )
        differences = page.of(
            found.differences, key=lambda each: each.pair.binding_id, item=_difference
        )
        return ReconciliationPage(
            month=str(billing_month),
            summary=_summary(found.tally) if found.tally else None,
            items=differences.items,
            next=differences.next,
        )

    return router


def parse_month(text: str) -> BillingMonth:
    """Raises `InvalidMonth`."""
    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        raise InvalidMonth(text) from error


def _summary(tally: Tally) -> Summary:
    return Summary(
        compared=tally.compared,
        **{str(kind): count for kind, count in tally.counts.items()},
        totals=[
            CurrencyTotals(
                currency=currency,
                billing_total_micro=totals.billing_micro,
                ledger_total_micro=totals.ledger_micro,
            )
            for currency, totals in tally.totals.items()
        ],
    )


def _difference(compared: Compared) -> Difference:
    pair, rated, posted = compared.pair, compared.rated, compared.pair.posted
    owner = pair.bound or posted
    assert owner is not None
    return Difference(
        kind=compared.kind,
        binding_id=pair.binding_id,
        account_id=owner.account_id,
        account_number=pair.account_number,
        meter_id=owner.meter_id,
        currency=rated.currency if rated else None,
        billing=Side(
            total_micro=rated.charge.total_micro,
            energy_wh=rated.usage.energy_wh,
            import_wh=rated.usage.max_wh,
            last_read_at=rated.usage.last_at,
        )
        if rated
        else None,
        ledger=Side(
            total_micro=posted.total_micro,
            energy_wh=posted.energy_wh,
            import_wh=posted.import_wh,
            last_read_at=posted.last_read_at,
        )
        if posted
        else None,
        changed_at=pair.changed_at,
    )
