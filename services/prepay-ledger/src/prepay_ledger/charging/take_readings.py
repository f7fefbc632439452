"""Use case: a batch of readings from Kafka becomes charges, and supply decisions where due."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prometheus_client import Histogram

from prepay_ledger.charging.charge_readings import charge_readings, meters_of
from prepay_ledger.charging.ordinary import Followed
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.pricing import PricingsOfNow
from prepay_ledger.charging.remembered import RememberedStandings
from prepay_ledger.charging.values import ParkedMeter
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.kafka.stops import place_of
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
    installed; those of parked meters are set aside until somebody releases them. So are those of
    meters that were silent for so long that what they come to rests on exports: some seconds each,
    for which all other meters of the partition would wait (`take_up_meters.py`)."""

    def __init__(
        self, *, review: SupplyReview, clock: Clock, remembered: RememberedStandings
    ) -> None:
        self._review = review
        self._clock = clock
        self._remembered = remembered
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
        epoch = await unit.charging.epoch()
        by_meter = _by_meter(batch)
        try:
            followed = await self._charge(unit, batch, by_meter, epoch=epoch, now=now)
        except BaseException:
            # What it rested on may be wrong by now.
            self._remembered.forget(by_meter)
            raise

        def committed() -> None:
            self._remembered.keep(followed, epoch=epoch)
            if sum(len(each.after) for each in followed) < len(by_meter):
                self._remembered.forget(by_meter.keys() - meters_of(followed))
            self._observe(batch)

        return committed

    async def _charge(
        self,
        unit: Unit,
        batch: Sequence[Delivered[ReadingEvent]],
        by_meter: Mapping[str, Sequence[Reading]],
        *,
        epoch: int,
        now: datetime,
    ) -> Sequence[Followed]:
        if not batch:
            return ()
        charged = await charge_readings(
            unit=unit,
            by_meter=by_meter,
            pricings=self._pricings.of(await unit.tariffs.book()),
            partition=batch[0].record.partition,
            now=now,
            remembered=self._remembered.take(by_meter, epoch=epoch),
            reads_exports=False,
        )
        due = [*charged.due]
        if charged.waiting:
            due += await _set_aside(unit, batch, {*charged.waiting}, now=now)
        if due:
            caused_at = min(event.received_at for event, _ in batch)
            await self._review(unit, [*dict.fromkeys(due)], now=now, caused_at=caused_at)
        return charged.followed

    def _observe(self, batch: Sequence[Delivered[ReadingEvent]]) -> None:
        now: datetime = self._clock()
        for event, _ in batch[::_OBSERVE_EVERY]:
            READING_TO_POST.observe((now - event.received_at).total_seconds())


async def _set_aside(
    unit: Unit,
    batch: Sequence[Delivered[ReadingEvent]],
    meter_ids: Collection[str],
    *,
    now: datetime,
) -> Sequence[UUID]:
    """Gives the accounts that the meters serve: what holds their cuts is another by now."""
    records = {event.meter_id: record for event, record in batch if event.meter_id in meter_ids}
    await unit.parking.wait_for_exports(
        [
            ParkedMeter(
                meter_id=meter_id,
                since=now,
                error="what it comes to rests on readings that have left the database",
                record=place_of(record),
                waits_for_exports=True,
            )
            for meter_id, record in records.items()
        ]
    )
    await unit.parking.set_aside([event for event, _ in batch if event.meter_id in meter_ids])
    served = [await unit.parking.serves(meter_id, now=now) for meter_id in meter_ids]
    return [account_id for some in served for account_id in some]


def _by_meter(batch: Sequence[Delivered[ReadingEvent]]) -> dict[str, list[Reading]]:
    by_meter: dict[str, list[Reading]] = {}
    for event, _ in batch:
        reading = Reading(us_of(event.read_at), event.import_wh)
        known = by_meter.get(event.meter_id)
        if known is None:
            by_meter[event.meter_id] = [reading]
        else:
            known.append(reading)
    return by_meter
