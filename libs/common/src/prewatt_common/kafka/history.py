"""Whether a topic keeps its history: said loudly where it does not, and again when it does."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code
from prometheus_client import Gauge

from prewatt_common.contracts.topics import Topic
from prewatt_common.kafka.clients import stop_client
from prewatt_common.workers import Repeating

logger = logging.getLogger(__name__)


HISTORY_LIMITED = Gauge(
    "prewatt_topic_history_limited",
    "1 where the topic's settings let Kafka remove records, else 0.",
    ("topic",),
)
_TIMEOUT_S = 10.0
_EVERY_S = 60.0
"""How often to look: an operator who mends it sees the alert go."""
_KEEPS_ALL = "-1"
_WANTED = {"cleanup.policy": "delete", "retention.ms": _KEEPS_ALL, "retention.bytes": _KEEPS_ALL}


def limits(config: Mapping[str, str]) -> list[str]:
    """What in a topic's settings lets Kafka remove records, in words; none is as it should be."""
    policies = {policy.strip() for policy in config.get("cleanup.policy", "delete").split(",")}
    found: list[str] = []
    if "compact" in policies:
        found.append("cleanup.policy=compact keeps a key's newest record only")
    if "delete" in policies:
        if (kept_ms := config.get("retention.ms", _KEEPS_ALL)) != _KEEPS_ALL:
            days = timedelta(milliseconds=int(kept_ms)) / timedelta(days=1)
            found.append(f"retention.ms={kept_ms} removes records after {days:.4g} days")
        if (kept_bytes := config.get("retention.bytes", _KEEPS_ALL)) != _KEEPS_ALL:
            found.append(f"retention.bytes={kept_bytes} removes the oldest beyond that size")
    return found


def watch_history(*, bootstrap: str, topics: Mapping[Topic, str]) -> Repeating:
    """A worker that looks at the settings of ``topics``, mapped to what goes with their records."""
    look = HistoryWatch(bootstrap=bootstrap, topics=topics)
    return Repeating(name="watch topics", do=look, every_s=_EVERY_S)


class HistoryWatch:
    """Looks at the settings of the topics that a service reads each time it is called."""

    def __init__(self, *, bootstrap: str, topics: Mapping[Topic, str]) -> None:
        self._bootstrap = bootstrap
        self._topics = {topic.name: lost for topic, lost in topics.items()}
        self._said: dict[str, list[str]] = {}

    async def __call__(self) -> None:
        """Export each topic's state, and log it where it is new."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                configs = await self._configs()
        except (KafkaError, OSError) as error:
            logger.warning("the settings of topics could not be read: %r", error)
            return
        for name, lost in self._topics.items():
            if name in configs:
                self._say(name, limits(configs[name]), lost)

    def _say(self, name: str, found: list[str], lost: str) -> None:
        HISTORY_LIMITED.labels(name).set(bool(found))
        before = self._said.get(name, [])
        self._said[name] = found
        if found and found != before:
            wanted = ", ".join(f"{setting}={value}" for setting, value in _WANTED.items())
            logger.error(
                "topic %s does not keep its history: %s. With its records go %s. Set %s",
                name, "; ".join(found), lost, wanted,
            )  # fmt: skip
        elif before and not found:
            logger.info("topic %s keeps its history again", name)

    async def _configs(self) -> dict[str, dict[str, str]]:
        """The settings by topic, of those that exist and may be looked at."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await admin.start()
            answers = await admin.describe_configs(
                [
                    ConfigResource(
                        ConfigResourceType.TOPIC, name, configs=dict.fromkeys(_WANTED, "")
                    )
                    for name in self._topics
                ]
            )
        finally:
            await stop_client(admin)
        resources: list[Sequence[Any]] = [each for answer in answers for each in answer.resources]
        configs: dict[str, dict[str, str]] = {}
        for code, detail, _, name, entries in resources:
            if code:
                logger.warning(
                    "the settings of topic %s could not be read: %s %s",
                    name, for_code(code).__name__, detail or "",
                )  # fmt: skip
            else:
                configs[name] = {entry[0]: entry[1] for entry in entries}
        return configs
