"""Use case: what meters publish becomes readings on Kafka, or dead letters with a reason."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from meter_gateway.application.dead_letters import dead_letter
from meter_gateway.application.received import Received
from meter_gateway.application.registry import Registry
from meter_gateway.domain.readings import Address, Reason, Refused, accept, address_of
from meter_gateway.metrics import READINGS, REJECTED
from prewatt_common.clock import Clock
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.mqtt_v1 import MqttReading
from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.kafka.messages import Message

_TOPIC = METER_READINGS.name
_encode = msgspec.json.Encoder().encode
_CONSTANT_HEADERS: tuple[tuple[str, bytes], ...] = (
    ("ce_specversion", b"1.0"),
    ("ce_source", b"/prewatt/meter-gateway"),
    ("ce_type", Reading.ce_type.encode()),
)


class TakeReadings:
    """Validates a batch of ``reading`` and ``profile`` messages and sends it on."""

    def __init__(
        self,
        *,
        registry: Registry,
        send: Callable[[Sequence[Message]], Awaitable[None]],
        future_tolerance: timedelta,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._send = send
        self._future_tolerance = future_tolerance
        self._clock = clock

    async def __call__(self, batch: Sequence[Received]) -> None:
        """Returns once Kafka has all of it; raises ``ProduceFailed`` where it does not."""
        now = self._clock()
        messages: list[Message] = []
        accepted: list[tuple[Address, Received, tuple[MqttReading, ...]]] = []
        refused: list[Reason] = []

        def refuse(received: Received, meter_id: str, refusal: Refused) -> None:
            refused.append(refusal.reason)
            messages.append(
                dead_letter(
                    of=METER_READINGS, meter_id=meter_id, received=received, refusal=refusal, at=now
                )
            )

        for received in batch:
            meter_id = ""
            try:
                address = address_of(received.topic)
                meter_id = address.meter_id
                readings = accept(
                    kind=address.kind,
                    payload=received.payload,
                    now=now,
                    future_tolerance=self._future_tolerance,
                )
            except Refused as refusal:
                refuse(received, meter_id, refusal)
            else:
                accepted.append((address, received, readings))
        await self._registry.look_for((a.meter_id for a, _, _ in accepted), now=now)
        taken = 0
        for address, received, readings in accepted:
            if address.meter_id in self._registry:
                taken += len(readings)
                messages += _messages(address.meter_id, received.at, readings)
            else:
                detail = f"register {address.meter_id} first"
                refuse(received, address.meter_id, Refused(Reason.UNKNOWN_METER, detail))
        await self._send(messages)
        READINGS.inc(taken)
        for reason in refused:
            REJECTED.labels(reason).inc()


def _messages(
    meter_id: str, received_at: datetime, readings: Sequence[MqttReading]
) -> list[Message]:
    key = meter_id.encode()
    made: list[Message] = []
    for reading in readings:
        event = Reading(
            meter_id=meter_id,
            read_at=reading.at,
            import_wh=reading.import_wh,
            received_at=received_at,
        )
        # The same reading sent again by the broker gets the same id.
        event_id = b"%b/%d/%d" % (key, int(reading.at.timestamp()), reading.import_wh)
        made.append(Message(_TOPIC, key, [*_CONSTANT_HEADERS, ("ce_id", event_id)], _encode(event)))
    return made
