"""What a meter sent and nobody could use: kept as it came, with the reason."""

from datetime import datetime

from meter_gateway.application.received import Received
from meter_gateway.domain.readings import Refused
from prewatt_common.contracts.topics import Topic
from prewatt_common.kafka.messages import Message


def dead_letter(
    *, of: Topic, meter_id: str, received: Received, refusal: Refused, at: datetime
) -> Message:
    """On the dead-letter topic beside ``of``: original bytes, reason, source, time."""
    headers = [
        ("dlq_reason", refusal.reason.encode()),
        ("dlq_detail", refusal.detail[:1000].encode("utf-8", "replace")),
        ("dlq_source", f"mqtt/{received.topic}".encode()),
        ("dlq_by", b"meter-gateway"),
        ("dlq_at", at.isoformat().encode()),
    ]
    return Message(of.dead_letter, meter_id.encode(), headers, received.payload)
