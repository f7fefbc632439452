"""GET /v1/reconciliation/{month}. Money is integer micro-units of the currency in JSON."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from billing.reconciliation import compare
from billing.reconciliation.compare import Kind
from billing.reconciliation.ports import ComparisonKey, Comparisons, Stored, Tallied, Waiting
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


class InvalidMonth(Problem):
    """422: not a month."""

    def __init__(self, text: str) -> None:
        detail = f"{text!r} is not a month; write YYYY-MM, such as 2026-11."
        super().__init__(
            status=HTTPStatus.UNPROCESSABLE_ENTITY, kind="invalid-month", detail=detail
        )


class Side(BaseModel):
    """What one of the two has for the period."""

    total_micro: int
    energy_wh: int
    standing_days: int
    last_read_at: datetime | None


class ComparisonOut(BaseModel):
    """A period of an agreement. A side that has nothing is null; ``detail`` says what is unlike."""

    kind: Kind
    detail: str | None
    agreement_id: UUID
    period_first: date
    period_end: date
    account_id: UUID
    account_number: str | None
    currency: str | None
    billing: Side | None
    ledger: Side | None
    changed_at: datetime
    """When either side last moved, as billing saw it."""
    unequal_since: datetime | None
    compared_at: datetime
    """Since when it has stood as it does."""


class CurrencyTotals(BaseModel):
    """Sums in micro-units; currency null where billing knows no tariff."""

    currency: str | None
    billing_total_micro: int
    ledger_total_micro: int


class Summary(BaseModel):
    """All periods that begin in the month. ``waiting``: agreements of any month, and things that
    may touch some, which have moved and are not compared since."""

    compared: int
    agrees: int
    in_flight: int
    differs: int
    missing_in_ledger: int
    missing_in_billing: int
    not_rateable: int
    waiting: int
    totals: list[CurrencyTotals]


class ReconciliationPage(Page[ComparisonOut]):
    """``summary`` comes with the first page only."""

    month: str
    summary: Summary | None


def reconciliation_router(*, store: Comparisons, clock: Clock) -> APIRouter:
    """The router."""
    router = APIRouter(
        prefix="/v1", tags=["reconciliation"], dependencies=[Depends(require("billing:read"))]
    )

    @router.get("/reconciliation/{month}", summary="Billing's charges against the ledger's")
    async def reconciliation(
        month: Annotated[str, Path(description="YYYY-MM", examples=["2026-11"])],
        page: Annotated[PageRequest[ComparisonKey], Depends(PagesBy(ComparisonKey))],
        kind: Annotated[
            list[Kind] | None, Query(description="Kinds to list; all but `agrees` by default")
        ] = None,
    ) -> ReconciliationPage:
        """The periods that begin in the month."""
        check_month(month)
        summary = None
        if page.after is None:
            summary = _summary(await store.tally(month=month), await store.waiting(now=clock()))
        found = page.of(
            await store.listed(
                month=month,
                kinds=frozenset(kind) if kind else frozenset(Kind) - {Kind.AGREES},
                after=page.after,
                limit=page.rows_max,
            ),
            key=lambda each: each.key,
            item=_comparison,
        )
        return ReconciliationPage(month=month, summary=summary, items=found.items, next=found.next)

    return router


def check_month(text: str) -> None:
    """Raises `InvalidMonth`."""
    if not _MONTH.fullmatch(text) or text.startswith("0000"):
        raise InvalidMonth(text)


def _summary(tallied: Sequence[Tallied], waiting: Waiting) -> Summary:
    counts = dict.fromkeys(Kind, 0)
    totals: dict[str | None, CurrencyTotals] = {}
    for each in tallied:
        counts[each.kind] += each.count
        known = totals.setdefault(
            each.currency,
            CurrencyTotals(currency=each.currency, billing_total_micro=0, ledger_total_micro=0),
        )
        known.billing_total_micro += each.ours_micro
        known.ledger_total_micro += each.theirs_micro
    return Summary(
        compared=sum(counts.values()),
        **{str(kind): count for kind, count in counts.items()},
        waiting=waiting.count,
        totals=list(totals.values()),
    )


def _comparison(stored: Stored) -> ComparisonOut:
    found = stored.comparison
    return ComparisonOut(
        kind=found.kind,
        detail=found.detail,
        agreement_id=found.agreement_id,
        period_first=found.period.first,
        period_end=found.period.end,
        account_id=found.account_id,
        account_number=stored.account_number,
        currency=found.currency,
        billing=_side(found.ours),
        ledger=_side(found.theirs),
        changed_at=found.moved_at,
        unequal_since=found.unequal_since,
        compared_at=stored.compared_at,
    )


def _side(side: compare.Side | None) -> Side | None:
    if side is None:
        return None
    return Side(
        total_micro=side.total_micro,
        energy_wh=side.energy_wh,
        standing_days=side.standing_days,
        last_read_at=side.last_read_at,
    )
