"""Use case: of what is read again only what is new is taken."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date

from billing.readings.packed import unpacked
from billing.readings.ports import ReadingStore
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.kafka.decoding import Delivered
from prewatt_metering.calendar.instants import us_of


async def leave_out_repeats(
    *,
    store: ReadingStore,
    repeats_upto: Mapping[int, int],
    batch: Sequence[Delivered[Reading]],
) -> Sequence[Delivered[Reading]]:
    """``batch`` without the readings that came before, of records before ``repeats_upto``
    (offsets by partition).

    Offsets alone do not tell: those that Kafka lost are given out again, and a topic that was made
    anew may hold a copy of the old one. A reading is known by meter, instant and register; one that
    a gateway has sent twice is left out there too, and says nothing new.
    """
    if not repeats_upto:
        return batch
    doubtful = [
        each.event
        for each in batch
        if each.record.offset < repeats_upto.get(each.record.partition, 0)
    ]
    rows = {(each.meter_id, each.read_at.astimezone(UTC).date()) for each in doubtful}
    known = await known_of(store=store, rows=rows)
    return [
        each
        for each in batch
        if each.record.offset >= repeats_upto.get(each.record.partition, 0)
        or (each.event.meter_id, us_of(each.event.read_at), each.event.import_wh) not in known
    ]


async def known_of(
    *, store: ReadingStore, rows: Collection[tuple[str, date]]
) -> Counter[tuple[str, int, int]]:
    """The readings that are here of these meters and UTC days, and how often: meter, instant,
    register."""
    kept = await store.kept(rows)
    return Counter(
        (meter_id, at_us, register_wh)
        for (meter_id, day), packed in kept.items()
        for at_us, register_wh in unpacked(day, packed)
    )
