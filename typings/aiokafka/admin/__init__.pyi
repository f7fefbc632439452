from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import OffsetAndMetadata, TopicPartition
from aiokafka.admin.config_resource import ConfigResource

class NewTopic:
    name: str
    def __init__(
        self,
        name: str,
        num_partitions: int,
        replication_factor: int,
        topic_configs: Mapping[str, str] | None = None,
    ) -> None: ...

class CreateTopicsResponse:
    topic_errors: Sequence[tuple[str, int, str | None]]

class AIOKafkaAdminClient:
    def __init__(self, *, bootstrap_servers: str) -> None: ...
    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def list_topics(self) -> Sequence[str]: ...
    async def describe_configs(self, config_resources: list[ConfigResource]) -> list[Any]: ...
    async def list_consumer_group_offsets(
        self, group_id: str
    ) -> Mapping[TopicPartition, OffsetAndMetadata]: ...
    async def create_topics(self, new_topics: Sequence[NewTopic]) -> CreateTopicsResponse: ...
