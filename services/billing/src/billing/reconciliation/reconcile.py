"""Use case: re-rate a whole month and compare it with what the ledger has posted."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from uuid import UUID

from billing.reconciliation.compare import Compared, Kind, Tally, compare, explained
from billing.reconciliation.ports import ComparisonStore
from prewatt_metering.monthly.months import BillingMonth

PAIRS_MAX = 500
"""Held at a time: about 10 ms of rating between two queries, whatever the month's size."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A page of differences. ``tally`` is of the whole month, and only made for the first page."""

    tally: Tally | None
    differences: list[Compared]
    next_after: UUID | None
    """Where the next page begins; none on the last."""


async def reconcile(
    *,
    store: ComparisonStore,
    month: BillingMonth,
    kinds: Collection[Kind],
    after: UUID | None,
    limit: int,
) -> Reconciliation:
    """Differences of ``kinds`` in order of binding id. The first page reads the whole month, a
    later one only as far as it must."""
    tally = Tally() if after is None else None
    page: list[Compared] = []
    more = False
    async for compared in compare_month(store=store, month=month, after=after):
        if tally is not None:
            tally.add(compared)
        if compared.kind in kinds:
            if len(page) < limit:
                page.append(compared)
            else:
                more = True
                if tally is None:
                    break
    return Reconciliation(tally, page, page[-1].pair.binding_id if more else None)


async def compare_month(
    *, store: ComparisonStore, month: BillingMonth, after: UUID | None = None
) -> AsyncIterator[Compared]:
    """Every meter-month of ``month``, in order of binding id."""
    tariffs = await store.tariffs()
    while True:
        portion = await store.pairs(month=month, after=after, limit=PAIRS_MAX)
        found = [
            compared
            for pair in portion.pairs
            if (compared := compare(month=month, pair=pair, tariffs=tariffs)) is not None
        ]
        differing = [each.pair.binding_id for each in found if each.kind is Kind.DIFFERS]
        if differing:
            histories = await store.histories(differing)
            found = explained(compared=found, histories=histories, tariffs=tariffs)
        for compared in found:
            yield compared
        if portion.last is None:
            return
        after = portion.last
