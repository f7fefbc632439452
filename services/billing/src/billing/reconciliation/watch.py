"""Use case: compare the current and the previous month all the time, and show it as metrics."""

import time
from datetime import datetime, timedelta

from prometheus_client import Gauge

from billing.reconciliation.compare import Compared, Kind
from billing.reconciliation.ports import ComparisonStore
from billing.reconciliation.reconcile import compare_month
from prewatt_common.clock import Clock

DIFFERENCES = Gauge(
    "prewatt_billing_reconciliation_differences",
    "Meter-months on which ledger and billing differ. In flight and missing ones count once "
    "neither side has moved for two minutes.",
    ("month", "kind"),
)
COMPARED = Gauge("prewatt_billing_reconciliation_compared", "Meter-months compared.", ("month",))
IN_FLIGHT = Gauge(
    "prewatt_billing_reconciliation_in_flight",
    "Meter-months where the two have not taken the same readings yet.",
    ("month",),
)
SECONDS = Gauge(
    "prewatt_billing_reconciliation_seconds", "How long the last check of both months took."
)
WAITING = Gauge(
    "prewatt_billing_waiting_readings", "Readings of meters whose binding or tariff is not known."
)

SETTLED_AFTER = timedelta(minutes=2)


class WatchReconciliation:
    """Checks the current month and the one before."""

    def __init__(self, *, store: ComparisonStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def once(self) -> None:
        """One check of the current month and the one before, in the tariffs' timezones."""
        began = time.monotonic()
        now = self._clock()
        current = {clock.month_of(now) for clock in (await self._store.tariffs()).clocks}
        for label, months in (
            ("current", current),
            ("previous", {month.previous() for month in current} - current),
        ):
            counts = dict.fromkeys((kind for kind in Kind if kind is not Kind.AGREES), 0)
            compared_count = in_flight = 0
            for month in sorted(months):
                async for compared in compare_month(store=self._store, month=month):
                    compared_count += 1
                    in_flight += compared.kind is Kind.IN_FLIGHT
                    if is_difference(compared, now=now):
                        counts[compared.kind] += 1
            for kind, count in counts.items():
                DIFFERENCES.labels(label, kind).set(count)
            COMPARED.labels(label).set(compared_count)
            IN_FLIGHT.labels(label).set(in_flight)
        WAITING.set(await self._store.waiting_readings())
        SECONDS.set(time.monotonic() - began)


def is_difference(compared: Compared, *, now: datetime) -> bool:
    """Whether to alert on it: what may be a matter of moments must have stood still first."""
    if compared.kind is Kind.AGREES:
        return False
    if compared.kind in (Kind.DIFFERS, Kind.NOT_RATEABLE):
        return True
    changed_at = compared.pair.changed_at
    return changed_at is None or now - changed_at >= SETTLED_AFTER
