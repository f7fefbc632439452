"""Messages on their way to Kafka, as CloudEvents 1.0 in binary mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

import msgspec

from prewatt_common.contracts.base import Event
from prewatt_common.contracts.topics import Topic
from prewatt_common.ids import new_id_text

Headers = list[tuple[str, bytes]]
"""A list: aiokafka takes nothing else."""
_encode = msgspec.json.Encoder().encode


class Message(NamedTuple):
    """One record to produce."""

    topic: str
    key: bytes
    headers: Headers
    value: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """Makes messages of one service: the CloudEvents ``source`` is ``/prewatt/<service>``."""

    service: str

    def headers(self, *, event_type: str, event_id: str, at: datetime) -> Headers:
        """The CloudEvents headers of one event."""
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", event_id.encode()),
            ("ce_source", f"/prewatt/{self.service}".encode()),
            ("ce_type", event_type.encode()),
            ("ce_time", at.isoformat().encode()),
        ]

    def message(
        self, *, topic: Topic, key: str, event: Event, at: datetime, event_id: UUID | None = None
    ) -> Message:
        """``event`` as a record of ``topic``. ``event_id`` is what readers recognise a repeat by;
        give one where the same fact can be produced twice."""
        assert type(event) in topic.events, f"{type(event).__name__} is not of {topic.name}"
        identity = new_id_text() if event_id is None else str(event_id)
        headers = self.headers(event_type=event.ce_type, event_id=identity, at=at)
        return Message(topic.name, key.encode(), headers, _encode(event))


def header(headers: Sequence[tuple[str, bytes | None]], name: str) -> str | None:
    """The value of a header, or none. Kafka lets a header have no value; ours always have one."""
    for key, value in headers:
        if key == name and value is not None:
            return value.decode("utf-8", "replace")
    return None


def partition_of(key: bytes, partitions: int) -> int:
    """CRC-32, as librdkafka's ``consistent`` partitioner: in C, where murmur2 here is in Python."""
    return crc32(key) % partitions
