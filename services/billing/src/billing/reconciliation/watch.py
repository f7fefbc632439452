"""Use case: show how the current and the previous periods compare, as metrics."""

import time
from datetime import UTC

from prometheus_client import Gauge

from billing.reconciliation.compare import Kind
from billing.reconciliation.ports import Comparisons
from prewatt_common.clock import Clock

DIFFERENCES = Gauge(
    "prewatt_billing_reconciliation_differences",
    "Periods of agreements on which ledger and billing differ; what is in flight is none of them.",
    ("month", "kind"),
)
COMPARED = Gauge(
    "prewatt_billing_reconciliation_compared", "Periods of agreements compared.", ("month",)
)
IN_FLIGHT = Gauge(
    "prewatt_billing_reconciliation_in_flight",
    "Periods where either side has just moved, or the two have not taken the same readings yet.",
    ("month",),
)
SECONDS = Gauge("prewatt_billing_reconciliation_seconds", "How long it took to count them last.")
WAITING = Gauge(
    "prewatt_billing_reconciliation_waiting",
    "Agreements and things that have moved and are not compared since.",
)
BEHIND = Gauge(
    "prewatt_billing_reconciliation_behind_seconds",
    "For how long the agreement that waits longest has been due; 0 where none is.",
)

_COUNTED = (Kind.DIFFERS, Kind.MISSING_IN_LEDGER, Kind.MISSING_IN_BILLING, Kind.NOT_RATEABLE)


class WatchReconciliation:
    """Counts what is stored: the comparing itself is `compare_due`'s."""

    def __init__(self, *, store: Comparisons, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def once(self) -> None:
        """One look. Which periods are current is told by the UTC date: near a local midnight one
        more is, or one less."""
        began = time.monotonic()
        now = self._clock()
        counts = await self._store.counts(today=now.astimezone(UTC).date())
        for month in ("current", "previous"):
            for kind in _COUNTED:
                DIFFERENCES.labels(month, kind).set(counts.get((month, kind), 0))
            COMPARED.labels(month).set(sum(counts.get((month, kind), 0) for kind in Kind))
            IN_FLIGHT.labels(month).set(counts.get((month, Kind.IN_FLIGHT), 0))
        waiting = await self._store.waiting(now=now)
        WAITING.set(waiting.count)
        since = waiting.since
        BEHIND.set(0 if since is None else max(0.0, (now - since).total_seconds()))
        SECONDS.set(time.monotonic() - began)
