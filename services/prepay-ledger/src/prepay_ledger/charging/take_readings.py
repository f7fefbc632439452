"""Use case: a batch of readings from Kafka becomes charges, and supply decisions where due."""

from collections.abc import Callable, Sequence
from datetime import datetime

from prometheus_client import Histogram

from prepay_ledger.charging.charge_bindings import charge_bindings
from prepay_ledger.charging.charge_months import BindingState, Reading
from prepay_ledger.charging.ports import Unit
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import Reading as ReadingEvent
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.metrics import LATENCY_BUCKETS_SECONDS

READING_TO_POST = Histogram(
    "prewatt_ledger_reading_to_post_seconds",
    "From the gateway's receipt of a reading to its committed charge; one reading in 16.",
    buckets=LATENCY_BUCKETS_SECONDS,
)
_OBSERVE_EVERY = 16


class TakeReadings:
    """Charges a batch. Readings of meters that serve no account are kept until one is bound."""

    def __init__(self, *, review: SupplyReview, clock: Clock) -> None:
        self._review = review
        self._clock = clock

    async def __call__(
        self, unit: Unit, batch: Sequence[Delivered[ReadingEvent]]
    ) -> Callable[[], None]:
        """Handle ``batch`` (of Reading events); what it gives is called after the commit."""
        now = self._clock()
        by_meter: dict[str, list[Reading]] = {}
        for event, _ in batch:
            reading = Reading(event.read_at, event.import_wh)
            known = by_meter.get(event.meter_id)
            if known is None:
                by_meter[event.meter_id] = [reading]
            else:
                known.append(reading)
        await unit.charging.begin_batch()
        tariffs = await unit.tariffs.book()
        work, unbound = assign(
            bindings=await unit.charging.bindings_of(list(by_meter)), by_meter=by_meter
        )
        if unbound:
            await unit.charging.keep_unbound(unbound)
        if work:
            record = batch[0].record
            due = await charge_bindings(
                unit=unit,
                work=work,
                tariffs=tariffs,
                source=f"{record.topic}/{record.partition}/{record.offset}+{len(batch)}",
                partition=record.partition,
                now=now,
            )
            if due:
                caused_at = min(event.received_at for event, _ in batch)
                await self._review(unit, due, now=now, caused_at=caused_at)
        return lambda: self._observe(batch)

    def _observe(self, batch: Sequence[Delivered[ReadingEvent]]) -> None:
        now: datetime = self._clock()
        for event, _ in batch[::_OBSERVE_EVERY]:
            READING_TO_POST.observe((now - event.received_at).total_seconds())


def assign(
    *, bindings: Sequence[BindingState], by_meter: dict[str, list[Reading]]
) -> tuple[list[tuple[BindingState, list[Reading]]], list[tuple[str, Reading]]]:
    """Readings to the bindings that cover them; second, those that no binding covers.

    A reading at the very instant where one binding ends and the next begins closes the older.
    """
    of_meter: dict[str, list[BindingState]] = {}
    for state in bindings:
        of_meter.setdefault(state.meter_id, []).append(state)
    work: list[tuple[BindingState, list[Reading]]] = []
    unbound: list[tuple[str, Reading]] = []
    for meter_id, readings in by_meter.items():
        states = of_meter.get(meter_id)
        if states is None:
            unbound += [(meter_id, reading) for reading in readings]
            continue
        left = readings
        for state in states:
            covered = [reading for reading in left if state.binding.covers(reading.at)]
            if covered:
                work.append((state, covered))
                left = [r for r in left if not state.binding.covers(r.at)]
        unbound += [(meter_id, reading) for reading in left]
    return work, unbound
