"""Topics whose settings let Kafka remove records: found, named, and found mended."""

import logging

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from prewatt_common.contracts.topics import METER_READINGS
from prewatt_common.kafka.history import HISTORY_LIMITED, HistoryWatch, limits


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}, []),
        ({"cleanup.policy": "delete", "retention.ms": "604800000"}, ["after 7 days"]),
        ({"cleanup.policy": "delete", "retention.bytes": "1000"}, ["retention.bytes=1000"]),
        ({"cleanup.policy": "compact", "retention.ms": "1"}, ["newest record only"]),
        (
            {"cleanup.policy": "compact,delete", "retention.ms": "3600000"},
            ["newest record only", "after 0.04167 days"],
        ),
        ({"cleanup.policy": "delete", "retention.ms": "1", "retention.bytes": "1"}, ["ms", "byt"]),
    ],
)
def test_what_limits_a_topics_history(config, said):
    found = limits(config)
    assert len(found) == len(said)
    for words, sentence in zip(said, found, strict=True):
        assert words in sentence


@pytest.mark.stack
async def test_a_finite_retention_is_said_once_and_seen_mended(loop, caplog):
    caplog.set_level(logging.INFO)
    bootstrap = loop.stack.endpoints.kafka_bootstrap
    watch = HistoryWatch(bootstrap=bootstrap, topics={loop.topic: "what is counted"})
    gauge = HISTORY_LIMITED.labels(loop.topic.name)

    async def set_retention(ms):
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        config = {"retention.ms": ms, "retention.bytes": "-1"}
        topic = ConfigResource(ConfigResourceType.TOPIC, loop.topic.name, configs=config)
        await admin.alter_configs([topic])
        await admin.close()

    await set_retention("604800000")
    await watch()
    await watch()
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert loop.topic.name in line.getMessage()
    assert "retention.ms=604800000 removes records after 7 days" in line.getMessage()
    assert "what is counted" in line.getMessage()
    assert gauge._value.get() == 1
    await set_retention("-1")
    await watch()
    assert gauge._value.get() == 0
    assert "keeps its history again" in caplog.text


async def test_without_kafka_it_goes_on(caplog):
    watch = HistoryWatch(bootstrap="127.0.0.1:1", topics={METER_READINGS: "readings"})
    await watch()
    assert "could not be read" in caplog.text
