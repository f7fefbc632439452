"""Create what topics are missing: ``python -m prewatt_common.kafka.topics --help``."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from prewatt_common.contracts.topics import TOPICS, Topic
from prewatt_common.kafka.clients import stop_client

DEAD_LETTER_RETENTION_MS = 90 * 24 * 3600 * 1000
_MOST_PARTITIONS = 1000
"""More than any installation needs; a mistyped figure could cost a broker its file handles."""
_MOST_REPLICAS = 15
_CONTROLLER_WITHIN_S = 30


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How topics are laid out. ``ValueError`` says what does not fit together."""

    partitions: int = 6
    """Fixed for the topic's life: a key's partition is a hash modulo this number."""
    replication: int = 1
    min_isr: int = 1
    """Replicas that must have a record before it counts as written (``min.insync.replicas``)."""

    def __post_init__(self) -> None:
        for name, value, most in (
            ("partitions", self.partitions, _MOST_PARTITIONS),
            ("replication", self.replication, _MOST_REPLICAS),
            ("min ISR", self.min_isr, self.replication),
        ):
            if not 1 <= value <= most:
                message = f"{name} must be from 1 to {most}, not {value}"
                raise ValueError(message)


async def ensure_topics(
    *, bootstrap: str, layout: Layout, topics: Sequence[Topic] = TOPICS
) -> list[str]:
    """Create every topic and its dead letters; returns the names of those that were missing.

    Those that exist are left alone. Topics that carry money or commands keep their records for
    ever: they are the evidence.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [topic for topic in _wanted(topics, layout) if topic.name not in existing]
        created = list[str]()
        for name, code, detail in await create_topics(admin, missing):
            if code == 0:
                created.append(name)
            elif code != TopicAlreadyExistsError.errno:  # someone else was faster
                message = f"topic {name} could not be created: {code} {detail}"
                raise KafkaError(message)
        return created
    finally:
        await stop_client(admin)


async def create_topics(
    admin: AIOKafkaAdminClient, topics: Sequence[NewTopic]
) -> Sequence[tuple[Any, ...]]:
    """Name, error code and detail of each of ``topics``.

    A Kafka that has just begun to answer may know no controller yet, and aiokafka does not look
    whether there is one: it is asked again for a while. Raises `KafkaError`.
    """
    deadline = time.monotonic() + _CONTROLLER_WITHIN_S
    while topics:
        try:
            return (await admin.create_topics(list(topics))).topic_errors
        except AttributeError as error:
            if time.monotonic() > deadline:
                message = f"Kafka has had no controller for {_CONTROLLER_WITHIN_S} s"
                raise KafkaError(message) from error
            await asyncio.sleep(0.2)
    return ()


def _wanted(topics: Sequence[Topic], layout: Layout) -> list[NewTopic]:
    def new(name: str, *, partitions: int, retention_ms: int) -> NewTopic:
        configs = {
            "retention.ms": str(retention_ms),
            "min.insync.replicas": str(layout.min_isr),
        }
        return NewTopic(name, partitions, layout.replication, topic_configs=configs)

    return [new(topic.name, partitions=layout.partitions, retention_ms=-1) for topic in topics] + [
        new(topic.dead_letter, partitions=1, retention_ms=DEAD_LETTER_RETENTION_MS)
        for topic in topics
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line. Wrong arguments: one line and exit code 2; Kafka's refusal: exit code 1."""
    parser = argparse.ArgumentParser(
        prog="topics", description="Creates what topics are missing; leaves those that exist alone."
    )
    for option, variable, convert, meaning in (
        ("bootstrap", "PREWATT_KAFKA_BOOTSTRAP", str, "comma-separated host:port"),
        ("partitions", "PREWATT_KAFKA_PARTITIONS", int, "fixed for the topics' life"),
        ("replication", "PREWATT_KAFKA_REPLICATION", int, "replicas of each partition"),
        ("min-isr", "PREWATT_KAFKA_MIN_ISR", int, "replicas that must have a record"),
    ):
        _add(parser, option, variable, convert, meaning)
    asked = parser.parse_args(arguments)
    try:
        layout = Layout(
            partitions=asked.partitions, replication=asked.replication, min_isr=asked.min_isr
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        created = asyncio.run(ensure_topics(bootstrap=asked.bootstrap, layout=layout))
    except KafkaError as error:
        sys.exit(f"topics: {error}")
    print(f"topics: created {', '.join(created) or 'none, all were there'}")  # noqa: T201


def _add(
    parser: argparse.ArgumentParser,
    option: str,
    variable: str,
    convert: Callable[[str], object],
    meaning: str,
) -> None:
    """An option that a variable of the environment may give; one of the two must."""
    value = os.environ.get(variable)
    parser.add_argument(
        f"--{option}",
        type=convert,
        default=value,
        required=value is None,
        help=f"{meaning} ({variable})",
    )


if __name__ == "__main__":
    main()
