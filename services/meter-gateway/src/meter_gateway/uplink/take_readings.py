"""Use case: what meters publish becomes readings on Kafka, or dead letters with a reason."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta

import msgspec

from meter_gateway.devices.registry import Registry
from meter_gateway.faults.dead_letters import dead_letter
from meter_gateway.faults.meter_faults import MeterFaults
from meter_gateway.faults.refusals import Reason, Refused, Verdict
from meter_gateway.metrics import ACCEPTED, READINGS, REJECTED
from meter_gateway.mqtt.received import Received
from meter_gateway.uplink.hear_meters import HearMeters
from meter_gateway.uplink.messages import address_of
from meter_gateway.uplink.readings import Plausible, accept
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import (
    READINGS_MAX,
    Reading,
    Readings,
    readings_event,
)
from prewatt_common.contracts.mqtt_v1 import MqttReading
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import Message, partition_of

_PART_BYTES_MAX = 1_000_000
"""Payloads decoded at once, some 15,000 readings: profiles are large, and memory is not."""
_TOPIC = METER_READINGS.name
_CONSTANT_HEADERS = [
    ("ce_specversion", b"1.0"),
    ("ce_source", b"/prewatt/meter-gateway"),
    ("ce_type", Readings.ce_type.encode()),
]
_encode = msgspec.json.Encoder().encode


class TakeReadings:
    """Validates a batch of ``reading`` and ``profile`` messages and sends it on."""

    def __init__(
        self,
        *,
        registry: Registry,
        send: Callable[[Sequence[Message]], Awaitable[None]],
        partitions: Callable[[], Awaitable[int]],
        hear: HearMeters,
        faults: MeterFaults,
        future_tolerance: timedelta,
        age_max: timedelta,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._hear = hear
        self._send = send
        self._partitions = partitions
        self._faults = faults
        self._future_tolerance = future_tolerance
        self._age_max = age_max
        self._clock = clock

    async def __call__(self, batch: Sequence[Received]) -> None:
        """Returns once Kafka has all of it; raises ``ProduceFailed`` where it does not, and may
        then be called with the same batch again."""
        for part in _parts(batch):
            await self._take(part)

    async def _take(self, part: Sequence[Received]) -> None:
        now = self._clock()
        plausible = Plausible(now - self._age_max, now, now + self._future_tolerance)
        faulty = self._faults.faulty
        messages: list[Message] = []
        accepted: list[tuple[str, Received, tuple[MqttReading, ...]]] = []
        refused: list[Reason] = []
        verdicts: list[Verdict] = []

        def refuse(received: Received, meter_id: str, refusal: Refused) -> None:
            refused.append(refusal.reason)
            verdicts.append(Verdict(meter_id, received.at, refusal))
            messages.append(
                dead_letter(
                    of=METER_READINGS, meter_id=meter_id, received=received, refusal=refusal, at=now
                )
            )

        awaited = self._hear.awaited
        for received in part:
            meter_id = ""
            try:
                meter_id, kind = address_of(received.topic)
                # Whatever is wrong with the reading, its meter is there.
                if meter_id in awaited and not received.retained:
                    self._hear.hear(meter_id, received.at)
                readings = accept(kind=kind, payload=received.payload, plausible=plausible)
            except Refused as refusal:
                refuse(received, meter_id, refusal)
            else:
                accepted.append((meter_id, received, readings))
                if verdicts or meter_id in faulty:
                    verdicts.append(Verdict(meter_id, received.at, None))
        await self._registry.look_for(meter_id for meter_id, _, _ in accepted)
        taken: list[Reading] = []
        for meter_id, received, readings in accepted:
            if meter_id in self._registry:
                taken += [
                    Reading(meter_id, each.at, each.import_wh, received.at) for each in readings
                ]
            else:
                detail = f"register {meter_id} first"
                refuse(received, meter_id, Refused(Reason.UNKNOWN_METER, detail))
        if taken:
            messages += _messages(taken, await self._partitions())
        await self._send(messages)
        self._faults.note(verdicts)
        READINGS.inc(len(taken))
        ACCEPTED.inc(len(part) - len(refused))
        for reason in refused:
            REJECTED.labels(reason).inc()


def _parts(batch: Sequence[Received]) -> Iterator[Sequence[Received]]:
    """``batch`` in pieces of limited size; a message larger than that is a piece of its own."""
    begin = size = 0
    for place, received in enumerate(batch):
        size += len(received.payload)
        if size > _PART_BYTES_MAX and place > begin:
            yield batch[begin:place]
            begin, size = place, len(received.payload)
    yield batch[begin:]


def _messages(taken: Sequence[Reading], partitions: int) -> list[Message]:
    """Records of many readings, in the order in which they came: those of a meter are in one
    partition. A reading is known by what it is, so a record that is sent again may be cut
    otherwise."""
    of_partition: dict[int, list[Reading]] = {}
    for one in taken:
        of_partition.setdefault(partition_of(one.meter_id.encode(), partitions), []).append(one)
    return [
        _message(some[at : at + READINGS_MAX])
        for some in of_partition.values()
        for at in range(0, len(some), READINGS_MAX)
    ]


def _message(some: Sequence[Reading]) -> Message:
    event = readings_event(some)
    headers = [
        *_CONSTANT_HEADERS,
        ("ce_time", event.received_at.isoformat().encode()),
        ("ce_id", str(new_id()).encode()),
    ]
    return Message(_TOPIC, some[0].meter_id.encode(), headers, _encode(event))
