"""Use case: a batch of readings from Kafka is merged into meter-months."""

from collections.abc import Mapping, Sequence

from billing.meters.intake import Reading, take_in
from billing.meters.ports import MeterStore
from prewatt_common.contracts import meter_readings_v1
from prewatt_common.kafka.decoding import Delivered


async def take_readings(
    *, store: MeterStore, batch: Sequence[Delivered[meter_readings_v1.Reading]]
) -> None:
    """Handle ``batch``."""
    by_meter: dict[str, list[Reading]] = {}
    for event, _ in batch:
        reading = Reading(event.read_at, event.import_wh)
        known = by_meter.get(event.meter_id)
        if known is None:
            by_meter[event.meter_id] = [reading]
        else:
            known.append(reading)
    await store.hold_terms_shared()
    await merge_readings(store=store, by_meter=by_meter)


async def merge_readings(*, store: MeterStore, by_meter: Mapping[str, Sequence[Reading]]) -> None:
    """Merge what bindings cover, keep the rest waiting. The caller holds the terms.

    Takes the same readings any number of times, in any order: the result is the same.
    """
    intake = take_in(
        by_meter=by_meter,
        coverages=await store.coverages_of(by_meter.keys()),
        tariffs=await store.tariffs(),
    )
    await store.merge(intake.registers)
    await store.keep_waiting(intake.waiting)
