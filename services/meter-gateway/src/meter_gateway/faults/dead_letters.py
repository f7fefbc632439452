"""What a meter sent and nobody could use: kept as it came, with the reason."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from meter_gateway.faults.meter_faults import MeterFaults
from meter_gateway.faults.refusals import Reason, Refused, Verdict
from meter_gateway.metrics import REJECTED
from meter_gateway.mqtt.received import Received
from prewatt_common.clock import Clock
from prewatt_common.contracts.topics import Topic
from prewatt_common.kafka.messages import Message

_DETAIL_MAX = 1000
# The stack's broker refuses 512 KiB; another may let through what Kafka does not take.
_PAYLOAD_MAX = 800_000


def dead_letter(
    *, of: Topic, meter_id: str, received: Received, refusal: Refused, at: datetime
) -> Message:
    """On the dead-letter topic beside ``of``: original bytes, reason, source, time."""
    detail = refusal.detail[:_DETAIL_MAX]
    if len(received.payload) > _PAYLOAD_MAX:
        detail = f"the first {_PAYLOAD_MAX} of {len(received.payload)} bytes; {detail}"
    headers = [
        ("dlq_reason", refusal.reason.encode()),
        ("dlq_detail", detail.encode("utf-8", "replace")),
        ("dlq_source", f"mqtt/{received.topic}".encode()),
        ("dlq_by", b"meter-gateway"),
        ("dlq_at", at.isoformat().encode()),
    ]
    return Message(of.dead_letter, meter_id.encode(), headers, received.payload[:_PAYLOAD_MAX])


def set_aside(
    *,
    of: Topic,
    send: Callable[[Sequence[Message]], Awaitable[None]],
    faults: MeterFaults,
    clock: Clock,
) -> Callable[[Received, Exception], Awaitable[None]]:
    """For a message whose handling failed for good: it becomes a dead letter at once."""

    async def keep(received: Received, error: Exception) -> None:
        refusal = Refused(Reason.UNPROCESSABLE, f"{type(error).__name__}: {error}")
        meter_id = received.topic.split("/")[2] if received.topic.count("/") == 3 else ""
        message = dead_letter(
            of=of, meter_id=meter_id, received=received, refusal=refusal, at=clock()
        )
        await send([message])
        faults.note([Verdict(meter_id, received.at, refusal)])
        REJECTED.labels(refusal.reason).inc()

    return keep
