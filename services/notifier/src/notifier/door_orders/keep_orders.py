"""Use case: somebody is sent to the door with what reached nobody, until that is not needed.

It follows from what is kept, and an order and its event are one transaction: a process that dies
has done both or neither, and the next look does what is left. Of an occurrence there is one order,
however many look at once (`UNIQUE (cause_id, template)`, and the account is held).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from notifier.door_orders import events
from notifier.door_orders.ports import DoorOrderStore, OpenDoorOrders
from notifier.door_orders.rules import calls_for_order, how_ended
from notifier.door_orders.values import Ending, NewOrder, Occurrence, Policy, Standing
from notifier.metrics import DOOR_ORDERS, DOOR_ORDERS_OPEN, DOOR_ORDERS_WAITING_SECONDS
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id

_AT_A_TIME = 200


class KeepDoorOrders:
    """Every replica does it: twice is the same."""

    def __init__(
        self,
        *,
        open_orders: OpenDoorOrders,
        policy: Policy,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_orders = open_orders
        self._policy = policy
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> float | None:
        """Once. Gives none: the worker knows when it is time again. Orders end where the policy
        orders none any more, too."""
        changed = await self._end()
        if self._policy.after is not None:
            changed += await self._order(self._policy.after)
        if changed:
            self._committed()
        await self._measure()
        return None

    async def _end(self) -> int:
        last, changed = None, 0
        while True:
            now = self._clock()
            async with self._open_orders() as store:
                found = await store.open_orders(after=last, limit=_AT_A_TIME)
                over = await _held_where(
                    store, found, lambda each, now=now: how_ended(each, now=now) is not None
                )
                endings = [
                    ending
                    for each in over
                    if (ending := await _ended(store, each, now=now)) is not None
                ]
            for each in endings:
                DOOR_ORDERS.labels(each.end).inc()
            changed += len(endings)
            if len(found) < _AT_A_TIME:
                return changed
            last = found[-1].cause_id

    async def _order(self, after: timedelta) -> int:
        last, changed = None, 0
        while True:
            now = self._clock()
            async with self._open_orders() as store:
                found = await store.unreached(
                    after=last, limit=_AT_A_TIME, tried_before=now - after, now=now
                )
                called = await _held_where(
                    store,
                    found,
                    lambda each, now=now: calls_for_order(each, after=after, now=now),
                )
                for each in called:
                    await _ordered(store, each, now=now)
            DOOR_ORDERS.labels("ordered").inc(len(called))
            changed += len(called)
            if len(found) < _AT_A_TIME:
                return changed
            last = found[-1].cause_id

    async def _measure(self) -> None:
        async with self._open_orders() as store:
            orders, since = await store.waiting()
        waited = timedelta() if since is None else self._clock() - since
        DOOR_ORDERS_OPEN.set(orders)
        DOOR_ORDERS_WAITING_SECONDS.set(waited.total_seconds())


async def _held_where(
    store: DoorOrderStore, found: Sequence[Occurrence], holds: Callable[[Standing], bool]
) -> Sequence[Standing]:
    """Those of which it holds, with their accounts held. Most are as they were at the look before:
    nobody need wait for these."""
    likely = [each.occurrence for each in await store.standings(found) if holds(each)]
    # In the order of their ids, as whoever else holds several.
    for account_id in sorted({each.account_id for each in likely}):
        await store.hold_account(account_id)
    return [each for each in await store.standings(likely) if holds(each)]


async def _ordered(store: DoorOrderStore, standing: Standing, *, now: datetime) -> None:
    order = NewOrder(
        id=new_id(),
        occurrence=standing.occurrence,
        notice_id=standing.notice_id,
        language=standing.language,
        ordered_at=now,
        bring_by=standing.expires_at,
    )
    await store.add(order)
    await store.publish(events.ordered(order))


async def _ended(store: DoorOrderStore, standing: Standing, *, now: datetime) -> Ending | None:
    end = how_ended(standing, now=now)
    if end is None or standing.order_id is None:
        return None
    ending = Ending(
        order_id=standing.order_id,
        occurrence=standing.occurrence,
        end=end,
        door_id=standing.door_id,
        at=now,
    )
    if not await store.end(ending):
        return None
    await store.publish(events.ended(ending))
    return ending
