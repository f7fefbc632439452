"""Creating topics: what may be asked for, and what Kafka is told."""

import os
import subprocess
import sys
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from prewatt_common.contracts.topics import Topic
from prewatt_common.kafka.topics import Layout, ensure_topics
from prewatt_devstack import Stack

ENV = {name: value for name, value in os.environ.items() if not name.startswith("PREWATT_")}
STATED = ("--bootstrap", "localhost:1", "--partitions", "3", "--replication", "1", "--min-isr", "1")


def topics(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prewatt_common.kafka.topics", *arguments],
        env=ENV | variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {}, "--bootstrap, --partitions, --replication, --min-isr"),
        ((*STATED, "--partitions", "0"), {}, "partitions must be from 1 to 1000, not 0"),
        ((*STATED, "--partitions", "six"), {}, "invalid int value: 'six'"),
        ((*STATED, "--replication", "-1"), {}, "replication must be from 1 to"),
        ((*STATED, "--min-isr", "2"), {}, "min ISR must be from 1 to 1, not 2"),
        (STATED[:2], {"PREWATT_KAFKA_PARTITIONS": "many"}, "invalid int value: 'many'"),
    ],
)
def test_wrong_figures_are_named_and_exit_code_2(
    arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    done = topics(*arguments, **variables)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_kafka_that_does_not_answer_is_one_line() -> None:
    done = topics(*STATED)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("topics: ")
    assert "Traceback" not in done.stderr


@pytest.mark.stack
async def test_what_is_stated_is_what_kafka_gets_and_what_exists_stays(stack: Stack) -> None:
    bootstrap = stack.endpoints.kafka_bootstrap
    topic = Topic(f"topics-test-{uuid4().hex}", "key", ())

    async def create(partitions: int) -> list[str]:
        layout = Layout(partitions=partitions, replication=1, min_isr=1)
        return await ensure_topics(bootstrap=bootstrap, layout=layout, topics=[topic])

    assert await create(3) == [topic.name, topic.dead_letter]
    assert await create(5) == []
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        partitions = dict[str, int]()
        while not partitions or not all(partitions.values()):  # a broker learns of them by and by
            found = await admin.describe_topics([topic.name, topic.dead_letter])
            partitions = {each["topic"]: len(each["partitions"]) for each in found}
        (configs,) = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name)]
        )
    finally:
        await admin.close()
    assert partitions == {topic.name: 3, topic.dead_letter: 1}
    values = {entry[0]: entry[1] for entry in configs.resources[0][4]}
    assert (values["retention.ms"], values["min.insync.replicas"]) == ("-1", "1")
