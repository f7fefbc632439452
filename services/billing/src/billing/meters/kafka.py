"""The readings topic read again, outside any group, for some meters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition

from billing.meters.intake import Reading
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.kafka.clients import stop_client
from prewatt_common.kafka.decoding import Undecodable
from prewatt_common.kafka.messages import partition_of
from prewatt_common.kafka.readings import decode_readings

CLOCK_SLACK = timedelta(days=1)
"""A reading reaches Kafka after its instant, but for the error of the meter's clock."""
MONTH_MAX = timedelta(days=32)
"""What was dropped is whole months: the one that the binding ended in is read from its start."""


class KafkaPastReadings:
    """`PastReadings` over the partitions' records by their time.

    Readings that Kafka no longer keeps are not found: the topic is kept for ever by default.
    """

    def __init__(self, *, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def since(
        self, meters: Mapping[str, datetime]
    ) -> AsyncIterator[Mapping[str, Sequence[Reading]]]:
        """All readings of ``meters`` from the month of their instant on; portions may be empty."""
        # Of no group: it is given every partition, and moves nobody's offsets.
        consumer = AIOKafkaConsumer(
            METER_READINGS.name, bootstrap_servers=self._bootstrap, enable_auto_commit=False
        )
        try:
            await consumer.start()
            ends = await _seek(consumer, meters)
            while ends:
                polled = await consumer.getmany(timeout_ms=1_000)
                found: dict[str, list[Reading]] = {}
                for records in polled.values():
                    for record in records:
                        try:
                            events = decode_readings(record).events
                        except Undecodable:
                            continue  # it is with the dead letters since it came first
                        for event in events:
                            if event.meter_id in meters:
                                found.setdefault(event.meter_id, []).append(
                                    Reading(event.read_at, event.import_wh)
                                )
                yield found
                for place in list(ends):
                    if await consumer.position(place) >= ends[place]:
                        del ends[place]
                        consumer.pause(place)
        finally:
            await stop_client(consumer)


async def _seek(
    consumer: AIOKafkaConsumer, meters: Mapping[str, datetime]
) -> dict[TopicPartition, int]:
    """Seeks each partition concerned to its first record; gives where to stop."""
    places = consumer.assignment()
    begins: dict[TopicPartition, datetime] = {}
    for meter_id, since in meters.items():
        place = TopicPartition(METER_READINGS.name, partition_of(meter_id.encode(), len(places)))
        begins[place] = min(begins.get(place, since), since)
    consumer.pause(*places.difference(begins))
    ends = await consumer.end_offsets(list(begins))
    found = await consumer.offsets_for_times(
        {
            place: int((since - MONTH_MAX - CLOCK_SLACK).timestamp() * 1000)
            for place, since in begins.items()
        }
    )
    for place, found_at in found.items():
        consumer.seek(place, ends[place] if found_at is None else found_at.offset)
    return dict(ends)
