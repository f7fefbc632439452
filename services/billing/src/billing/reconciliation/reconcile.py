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
    """Some differences. ``tally`` is of the whole month, and only made with the first of them."""

    tally: Tally | None
    differences: list[Compared]


async def reconcile(
    *,
    store: ComparisonStore,
    month: BillingMonth,
    kinds: Collection[Kind],
    after: UUID | None,
    limit: int,
) -> Reconciliation:
    """The first ``limit`` differences of ``kinds`` after a binding, in order of binding id. Without
    ``after`` the whole month is read, for the tally; with it only as far as must be."""
    tally = Tally() if after is None else None
    found: list[Compared] = []
    async for compared in compare_month(store=store, month=month, after=after):
        if tally is not None:
            tally.add(compared)
        if compared.kind in kinds and len(found) < limit:
            found.append(compared)
        if tally is None and len(found) == limit:
            break
    return Reconciliation(tally, found)


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
