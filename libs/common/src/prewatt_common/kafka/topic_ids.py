"""The ids that Kafka gives topics: one that is deleted and made anew under its name has another.

aiokafka asks for metadata without them, so the question that has them (Metadata v10, of brokers
from 2.8 on) is spelled out here.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from uuid import UUID

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_METADATA = 3
_VERSION = 10
_NO_ID = UUID(int=0)
_NODE_TIMEOUT_S = 3.0


class _Uuid(AbstractType[UUID]):
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _Answer(Response):
    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString()),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition_index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replica_nodes", CompactArray(Int32)),
                        ("isr_nodes", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = _VERSION
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString()), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Topics(Request[_Question]):
    API_KEY = _METADATA

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_Question]) -> _Question:
        no_tags: dict[int, bytes] = {}
        topics = [(_NO_ID, name, no_tags) for name in self._names]
        return request_struct_class(topics, False, False, False, no_tags)


async def topic_ids(client: AIOKafkaClient, names: Collection[str]) -> Mapping[str, UUID]:
    """The id of each topic. Raises KafkaError for one that does not exist, and where no broker
    answers."""
    answer = await _ask(client, names)
    found: dict[str, UUID] = {}
    for code, name, topic_id, *_ in answer.topics:
        if code:
            message = f"topic {name}"
            raise for_code(code)(message)
        found[name] = topic_id
    return found


async def _ask(client: AIOKafkaClient, names: Collection[str]) -> Response:
    failure: Exception | None = None
    for node in _nodes(client, names):
        try:
            async with asyncio.timeout(_NODE_TIMEOUT_S):
                return await client.send(node, _Topics(names))
        except (KafkaError, OSError) as error:  # a timeout is an OSError
            failure = error
    message = f"no broker tells of {', '.join(names)}"
    raise KafkaConnectionError(message) from failure


def _nodes(client: AIOKafkaClient, names: Collection[str]) -> Sequence[int]:
    """Those that lead the topics first: we fetch from them, so we are connected. One of several
    brokers that is away shall not keep us from asking the others."""
    cluster = client.cluster
    leaders = {
        cluster.leader_for_partition(TopicPartition(name, partition))
        for name in names
        for partition in cluster.partitions_for_topic(name) or ()
    }
    known = {broker.nodeId for broker in cluster.brokers()}
    return [*sorted(known.intersection(leaders)), *sorted(known.difference(leaders))]
