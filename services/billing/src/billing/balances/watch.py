"""Use case: look at all balances, and show how many differ, as metrics."""

from datetime import timedelta

from prometheus_client import Gauge

from billing.balances.ports import BalanceDifferences
from prewatt_common.clock import Clock

DIFFERENCES = Gauge(
    "prewatt_billing_balance_differences",
    "Accounts whose balance is not what they were given less what they were charged.",
    ("kind",),
)


class WatchBalances:
    """Compares, and counts what came of it."""

    def __init__(self, *, store: BalanceDifferences, clock: Clock, settle: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._settle = settle

    async def once(self) -> None:
        """One look at all accounts."""
        now = self._clock()
        await self._store.look(now=now)
        differs, in_flight = await self._store.counts(now=now, settle=self._settle)
        DIFFERENCES.labels("differs").set(differs)
        DIFFERENCES.labels("in_flight").set(in_flight)
