"""Dead letters: the original record with the reason, where and when, on ``<topic>.dlq``."""

from datetime import datetime

from aiokafka import ConsumerRecord

from prewatt_common.kafka.decoding import Undecodable
from prewatt_common.kafka.messages import Headers, Message
from prewatt_common.kafka.producer import BATCH_BYTES_MAX, message_bytes
from prewatt_common.kafka.stops import place_of
from prewatt_common.refusals import Refusal

DETAIL_MAX = 1000


def reason_of(error: Undecodable | Refusal) -> str:
    """Why a record is a dead letter, in one word: the refusal's kind, or ``undecodable``."""
    return error.kind if isinstance(error, Refusal) else "undecodable"


def dead_letter(
    *,
    record: ConsumerRecord,
    reason: str,
    detail: str,
    by: str,
    at: datetime,
    one: tuple[int, bytes] | None = None,
) -> Message:
    """``record`` as it came, with headers ``dlq_reason``, ``dlq_detail``, ``dlq_source``
    (topic/partition/offset), ``dlq_by`` (consumer group) and ``dlq_at`` added.

    ``one``: of a record of many, the index of the one that is dead, and the value of a record of it
    alone; ``dlq_source`` is topic/partition/offset#index then.

    One that is too large with these is cut short and says so in ``dlq_truncated_from`` (bytes);
    the whole is where ``dlq_source`` points.
    """
    source, value = place_of(record), record.value or b""
    if one is not None:
        index, value = one
        source += f"#{index}"
    added: Headers = [
        ("dlq_reason", reason.encode()),
        ("dlq_detail", detail[:DETAIL_MAX].encode("utf-8", "replace")),
        ("dlq_source", source.encode()),
        ("dlq_by", by.encode()),
        ("dlq_at", at.isoformat().encode()),
    ]
    topic, key = f"{record.topic}.dlq", record.key or b""
    original: Headers = [(name, given or b"") for name, given in record.headers]
    whole = Message(topic, key, [*original, *added], value)
    excess = message_bytes(whole) - BATCH_BYTES_MAX
    if excess <= 0:
        return whole
    added.append(("dlq_truncated_from", str(len(value)).encode()))
    if len(value) > excess + DETAIL_MAX:
        kept = value[: len(value) - excess - DETAIL_MAX]
        return Message(topic, key, [*original, *added], kept)
    # Its key or headers are what is large.
    return Message(topic, b"", added, value[: BATCH_BYTES_MAX // 2])
