"""Create what topics are missing: ``python -m prewatt_common.kafka.topics``."""

import asyncio
import os
import sys

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from prewatt_common.contracts.topics import TOPICS

DEAD_LETTER_RETENTION_MS = 90 * 24 * 3600 * 1000


async def ensure_topics(*, bootstrap: str, partitions: int = 6, replication: int = 1) -> None:
    """Create every topic of the contracts and its dead letters; leave those that exist alone.

    Topics that carry money or commands keep their records for ever: they are the evidence.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        wanted = [
            NewTopic(topic.name, partitions, replication, topic_configs={"retention.ms": "-1"})
            for topic in TOPICS
        ] + [
            NewTopic(
                topic.dead_letter,
                1,
                replication,
                topic_configs={"retention.ms": str(DEAD_LETTER_RETENTION_MS)},
            )
            for topic in TOPICS
        ]
        missing = [topic for topic in wanted if topic.name not in existing]
        if missing:
            response = await admin.create_topics(missing)
            for name, code, detail in response.topic_errors:
                if code not in (0, TopicAlreadyExistsError.errno):
                    message = f"topic {name} could not be created: {code} {detail}"
                    raise KafkaError(message)
    finally:
        await admin.close()


def main() -> None:
    """Command line: bootstrap, partitions and replication from the environment."""
    try:
        asyncio.run(
            ensure_topics(
                bootstrap=os.environ.get("PREWATT_KAFKA_BOOTSTRAP", "localhost:9092"),
                partitions=int(os.environ.get("PREWATT_KAFKA_PARTITIONS", "6")),
                replication=int(os.environ.get("PREWATT_KAFKA_REPLICATION", "1")),
            )
        )
    except (KafkaError, ValueError) as error:
        sys.exit(f"topics: {error}")


if __name__ == "__main__":
    main()
