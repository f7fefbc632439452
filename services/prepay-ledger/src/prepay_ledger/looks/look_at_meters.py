"""A job: every meter is looked at once a day, for what shows only over days."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from prometheus_client import Counter, Gauge

from prepay_ledger.charging.pricing import Pricings, PricingsOfNow
from prepay_ledger.looks.glance import USUAL_BACK, glance_first, is_ordinary
from prepay_ledger.looks.look import BACK, USE_BACK, Look, RecentMeter, UnderWay, look_at
from prepay_ledger.looks.ports import OpenUnit, Unit
from prepay_ledger.looks.relay_orders import relay_orders
from prepay_ledger.work_orders.keep_orders import open_orders
from prepay_ledger.work_orders.values import NewWorkOrder
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.registers.spans import Limited, Span
from prewatt_metering.vee.findings import Finding

ResultT = TypeVar("ResultT")
logger = logging.getLogger(__name__)

LOOKS = Counter(
    "prewatt_ledger_looks_total",
    "Meters of the daily look: ordinary by a glance, looked at, or odd: what is stored raised.",
    ("outcome",),
)
LOOK_DAYS_BEHIND = Gauge(
    "prewatt_ledger_look_days_behind",
    "How many days ago the daily look at all meters was due that is not done; 0 where it is.",
)
METERS_AT_ONCE = 25
"""Half a second at most, where none of them is ordinary."""
AFTER_MIDNIGHT = timedelta(hours=2)
"""By then the last readings of the day before are there, but for late ones."""
IDLE_S = 30.0


class LookAtMeters:
    """Looks at some meters each time it is called. How far it came is in the database, in the
    transaction of what it found: after a crash, or in another replica, it goes on from there."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        timezone: ZoneInfo,
        silence_borne: timedelta,
        none_while_closed_days: int | None,
        clock: Clock,
    ) -> None:
        self._open_unit = open_unit
        self._calendar = LocalCalendar(timezone)
        self._silence_borne = silence_borne
        self._none_while_closed_days = none_while_closed_days
        self._clock = clock
        self._pricings = PricingsOfNow()

    async def __call__(self) -> float | None:
        """None where there are more to look at; else after how many seconds to ask again."""
        now = self._clock()
        due = self._calendar.day_of(us_of(now - AFTER_MIDNIGHT))
        async with self._open_unit() as unit:
            under_way = await unit.looks.begin(due)
            if under_way is not None:
                await self._some(unit, under_way, now)
            done = await unit.looks.looked_at()
        LOOK_DAYS_BEHIND.set(0 if done is None else max(0, (due - done).days))
        return IDLE_S if under_way is None else None

    async def _some(self, unit: Unit, under_way: UnderWay, now: datetime) -> None:
        meter_ids = await unit.looks.meter_ids(after=under_way.after, limit=METERS_AT_ONCE)
        # What a parked meter brings is set aside, and what is stored of it may be what raises.
        parked = await unit.parking.parked()
        looked = [each for each in meter_ids if each not in parked]
        work = _Work(
            unit,
            Look(
                calendar=self._calendar,
                first=under_way.day - BACK,
                now_us=us_of(now),
                silence_borne_us=self._silence_borne // timedelta(microseconds=1),
                none_while_closed_days=self._none_while_closed_days,
            ),
            self._pricings.of(await unit.tariffs.book()),
            await unit.looks.take_due(looked),
            await unit.relays.relay_open(looked),
            await unit.relays.relay_limited(looked),
            set(),
        )
        some = await self._not_ordinary(work, looked, under_way)
        found: dict[str, Sequence[Finding]] = {}
        orders: list[NewWorkOrder] = []
        use_first = under_way.day - USE_BACK
        for meter in await _recent(work, some, first=work.look.first, use_first=use_first):
            findings = work.tried(look_at, meter)
            if findings is not None:
                found[meter.meter_id] = findings
                relay_open = work.relay_open.get(meter.meter_id, ())
                orders += relay_orders(meter, findings, relay_open=relay_open, look=work.look)
            # A payment must not wait for all of them.
            await asyncio.sleep(0)
        LOOKS.labels("looked").inc(len(found))
        LOOKS.labels("odd").inc(len(work.odd))
        LOOKS.labels("ordinary").inc(len(looked) - len(some))
        is_last = len(meter_ids) < METERS_AT_ONCE
        await open_orders(unit=unit, orders=orders, at=now)
        await unit.looks.save(found, due_again=work.odd, after=None if is_last else meter_ids[-1])

    async def _not_ordinary(
        self, work: "_Work", meter_ids: Sequence[str], under_way: UnderWay
    ) -> Sequence[str]:
        """Those that a glance does not do for: what it found of the others before stands."""
        look = work.look
        if under_way.previous is None or glance_first(under_way.previous) <= look.first:
            return meter_ids
        first = glance_first(under_way.previous)
        ended_us, over_us = map(self._calendar.first_instant_us, (first, look.first))
        some = {
            *work.due,
            *await work.unit.looks.unsettled(meter_ids, ended_us=ended_us, over_us=over_us),
        }
        rest = [each for each in meter_ids if each not in some]
        for meter in await _recent(work, rest, first=first, use_first=first - USUAL_BACK):
            if not work.tried(partial(is_ordinary, first=first), meter):
                some.add(meter.meter_id)
            await asyncio.sleep(0)
        return sorted(some - work.odd)


@dataclass(frozen=True, slots=True)
class _Work:
    """A portion under way; ``odd`` are the meters of which something raised."""

    unit: Unit
    look: Look
    pricings: Pricings
    due: Collection[str]
    relay_open: Mapping[str, Sequence[Span]]
    relay_limited: Mapping[str, Sequence[Limited]]
    odd: set[str]

    def tried(self, do: Callable[..., ResultT], meter: RecentMeter) -> ResultT | None:
        """None where it raises: what was found of that meter stays, and the others go on."""
        relay_open = self.relay_open.get(meter.meter_id, ())
        meter = replace(meter, limited=self.relay_limited.get(meter.meter_id, ()))
        try:
            return do(meter, relay_open=relay_open, look=self.look, pricings=self.pricings)
        except Exception as error:  # noqa: BLE001 - rows may have been made anything
            self.say_odd(meter.meter_id, error)
            return None

    def say_odd(self, meter_id: str, error: Exception) -> None:
        """Once a look, with the error."""
        self.odd.add(meter_id)
        logger.error(
            "meter %s cannot be looked at: %s; what was found of it before stays",
            meter_id, in_words(error), exc_info=error,
        )  # fmt: skip


async def _recent(
    work: _Work, meter_ids: Sequence[str], *, first: date, use_first: date
) -> Sequence[RecentMeter]:
    """Without those of which something cannot be read."""
    if not meter_ids:
        return ()
    found: list[RecentMeter] = []

    async def read(some: Sequence[str]) -> None:
        found.extend(await work.unit.looks.recent(some, first=first, use_first=use_first))

    for meter_id, error in await odd_among(meter_ids, read):
        work.say_odd(meter_id, error)
    return found
