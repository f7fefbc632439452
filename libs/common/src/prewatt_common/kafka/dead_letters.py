"""Dead letters: the original record with the reason, where and when, on ``<topic>.dlq``."""

from datetime import datetime

from aiokafka import ConsumerRecord

from prewatt_common.kafka.messages import Message

DETAIL_MAX = 1000


def dead_letter(
    *, record: ConsumerRecord, reason: str, detail: str, by: str, at: datetime
) -> Message:
    """``record`` as it came, with headers ``dlq_reason``, ``dlq_detail``, ``dlq_source``
    (topic/partition/offset), ``dlq_by`` (consumer group) and ``dlq_at`` added."""
    source = f"{record.topic}/{record.partition}/{record.offset}"
    headers = [
        *record.headers,
        ("dlq_reason", reason.encode()),
        ("dlq_detail", detail[:DETAIL_MAX].encode()),
        ("dlq_source", source.encode()),
        ("dlq_by", by.encode()),
        ("dlq_at", at.isoformat().encode()),
    ]
    return Message(f"{record.topic}.dlq", record.key or b"", headers, record.value or b"")
