"""Use case: a batch of readings from Kafka becomes charges, and supply decisions where due."""

from collections.abc import Callable, Sequence
from datetime import datetime

from prometheus_client import Histogram

from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.pricing import PricingsOfNow
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.metrics import LATENCY_BUCKETS_SECONDS
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading

READING_TO_POST = Histogram(
    "prewatt_ledger_reading_to_post_seconds",
    "From the gateway's receipt of a reading to its committed charge; one reading in 16.",
    buckets=LATENCY_BUCKETS_SECONDS,
)
_OBSERVE_EVERY = 16


class TakeReadings:
    """Charges a batch. Readings of meters that serve no account charge nobody until one is
    installed; those of parked meters are set aside until somebody releases them."""

    def __init__(self, *, review: SupplyReview, clock: Clock) -> None:
        self._review = review
        self._clock = clock
        self._pricings = PricingsOfNow()

    async def __call__(
        self, unit: Unit, batch: Sequence[Delivered[ReadingEvent]]
    ) -> Callable[[], None]:
        """Handle ``batch`` (of Reading events); what it gives is called after the commit."""
        now = self._clock()
        await unit.charging.begin_batch()
        parked = await unit.parking.parked()
        if parked:
            await unit.parking.set_aside([e for e, _ in batch if e.meter_id in parked])
            batch = [each for each in batch if each.event.meter_id not in parked]
        if batch:
            await self._charge(unit, batch, now=now)
        return lambda: self._observe(batch)

    async def _charge(
        self, unit: Unit, batch: Sequence[Delivered[ReadingEvent]], *, now: datetime
    ) -> None:
        by_meter: dict[str, list[Reading]] = {}
        for event, _ in batch:
            reading = Reading(us_of(event.read_at), event.import_wh)
            known = by_meter.get(event.meter_id)
            if known is None:
                by_meter[event.meter_id] = [reading]
            else:
                known.append(reading)
        record = batch[0].record
        due = await charge_readings(
            unit=unit,
            by_meter=by_meter,
            pricings=self._pricings.of(await unit.tariffs.book()),
            partition=record.partition,
            now=now,
        )
        if due:
            caused_at = min(event.received_at for event, _ in batch)
            await self._review(unit, due, now=now, caused_at=caused_at)

    def _observe(self, batch: Sequence[Delivered[ReadingEvent]]) -> None:
        now: datetime = self._clock()
        for event, _ in batch[::_OBSERVE_EVERY]:
            READING_TO_POST.observe((now - event.received_at).total_seconds())
