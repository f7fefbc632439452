"""A job: load is looked for behind relays that were closed, and what is late is made good."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Generic

from prometheus_client import Counter, Histogram

from prepay_ledger.reconnections.follow_relays import end_elsewhere
from prepay_ledger.reconnections.make_good import late_order, make_good
from prepay_ledger.reconnections.ports import (
    OpenUnit,
    Review,
    SawLoad,
    UnitT,
    Watched,
)
from prepay_ledger.reconnections.rules import durations, with_register, without_load
from prepay_ledger.reconnections.values import Duration, Reconnection
from prepay_ledger.work_orders.keep_orders import end_orders, open_orders
from prepay_ledger.work_orders.values import WorkOrderKind
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.metrics import LATENCY_BUCKETS_SECONDS

RECONNECTION_SECONDS = Histogram(
    "prewatt_ledger_reconnection_seconds",
    "Of reconnections, from one stage to another. Of one that waited for the customer's button the "
    "time until it was armed counts.",
    ("stage",),
    buckets=(*LATENCY_BUCKETS_SECONDS, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0),
)
RECONNECTIONS_LATE = Counter(
    "prewatt_ledger_reconnections_late_total",
    "Reconnections that did not come as far as was promised in time, by where they stuck.",
    ("stage",),
)
AT_ONCE = 500
for _stage in ReconnectionStage:
    # From the start, so that the first one is an increase.
    RECONNECTIONS_LATE.labels(_stage)
ENDED_BY_LOAD = (WorkOrderKind.PAID_BUT_DARK, WorkOrderKind.NONE_WHILE_CLOSED)
LATE_AT_ONCE = 100
"""Each of them is a journal of its own."""


class WatchReconnections(Generic[UnitT]):
    """Looks at what has moved, and at what is late; what it found is in the database in the
    transaction of what follows from it. Replicas share the work: rows that one has in hand are
    passed by."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit[UnitT],
        review: Review[UnitT],
        saw_load: SawLoad[UnitT],
        has_site_codes: bool,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._review = review
        self._saw_load = saw_load
        self._has_site_codes = has_site_codes
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> float | None:
        """Some of each, in a transaction of their own; gives 0 seconds to rest where there may be
        more."""
        now = self._clock()
        more_to_see = await self._look(now)
        more_late = await self._make_good(now)
        return 0 if more_to_see or more_late else None

    async def _look(self, now: datetime) -> bool:
        """Whether there may be more."""
        async with self._open_unit() as unit:
            accounts = await unit.reconnections.accounts_to_look_at(now=now, limit=AT_ONCE)
            if not accounts:
                return False
            await unit.reconnections.hold_accounts(accounts)
            before = await unit.reconnections.to_look_at(accounts, now=now)
            after = [_seen(each, now) for each in before]
            await unit.reconnections.save(after)
            loaded = [each for each in after if each.load_at is not None]
            if loaded:
                await end_orders(
                    unit=unit,
                    meter_ids=[each.meter_id for each in loaded],
                    kinds=ENDED_BY_LOAD,
                    why="energy flows again",
                    at=now,
                )
                await self._saw_load(unit, loaded, now)
        for watched, one in zip(before, after, strict=True):
            observe_times(watched.reconnection, one)
        if loaded:
            self._committed()
        return len(accounts) == AT_ONCE

    async def _make_good(self, now: datetime) -> bool:
        """Whether there may be more."""
        async with self._open_unit() as unit:
            accounts = await unit.reconnections.late_accounts(now=now, limit=LATE_AT_ONCE)
            if not accounts:
                return False
            held = await unit.reconnections.hold_accounts(accounts)
            await end_elsewhere(unit=unit, account_ids=accounts, at=now)
            late = await unit.reconnections.late(accounts, now=now)
            done = [
                await make_good(unit, each, held=held[each.account_id], now=now) for each in late
            ]
            await unit.reconnections.save([each.reconnection for each in done])
            await open_orders(
                unit=unit,
                orders=[late_order(e, has_site_codes=self._has_site_codes) for e in late],
                at=now,
            )
            await unit.publish([message for each in done for message in each.messages])
            credited = {each.account_id for each in late if each.credit_micro > 0}
            if credited:
                await self._review(unit, sorted(credited), now=now, caused_at=now)
        for each in done:
            RECONNECTIONS_LATE.labels(each.reconnection.breach_stage).inc()
        self._committed()
        return len(accounts) == LATE_AT_ONCE


def _seen(watched: Watched, now: datetime) -> Reconnection:
    of = watched.reconnection
    if watched.last is not None:
        of = with_register(of, watched.last)
    of = without_load(of, now)
    return replace(of, is_timed=of.is_timed or of.closed_at is not None or of.armed_at is not None)


def observe_times(before: Reconnection, after: Reconnection) -> None:
    """Into the metrics, once what made one of the other is committed. Each duration once: the
    relay's when it is first looked at with it closed or armed, load's when that is seen."""
    for duration, lasted in durations(after).items():
        is_new = before.load_at is None if duration is Duration.CLOSED_LOAD else not before.is_timed
        if is_new and after.is_timed:
            RECONNECTION_SECONDS.labels(duration).observe(lasted.total_seconds())
