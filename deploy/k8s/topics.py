"""Writes components/kafka/topics.yaml from the contracts' list of topics (``--check`` compares).

Same settings as ``python -m prewatt_common.kafka.topics`` gives them: records that carry money or
commands are kept for ever, dead letters for ninety days.
"""

import sys
from pathlib import Path

from prewatt_common.contracts.topics import TOPICS
from prewatt_common.kafka.topics import DEAD_LETTER_RETENTION_MS

OUTPUT = Path(__file__).parent / "components" / "kafka" / "topics.yaml"
PARTITIONS = 24
"""Fixed for the topic's life: a key's partition is a hash modulo this number."""


def topic_yaml(*, name: str, partitions: int, retention_ms: int) -> str:
    """One KafkaTopic."""
    return f"""\
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata:
  name: {name}
  labels: {{strimzi.io/cluster: prewatt}}
spec:
  partitions: {partitions}
  replicas: 3
  config: {{retention.ms: {retention_ms}}}
"""


def rendered() -> str:
    """The committed file's text."""
    parts = [
        topic_yaml(name=topic.name, partitions=PARTITIONS, retention_ms=-1)
        + topic_yaml(name=topic.dead_letter, partitions=1, retention_ms=DEAD_LETTER_RETENTION_MS)
        for topic in TOPICS
    ]
    return "# Made by ../../topics.py from the contracts.\n" + "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if OUTPUT.read_text(encoding="utf-8") != rendered():
            sys.exit(f"{OUTPUT} is stale: run python {Path(__file__).name} and commit the result")
    else:
        OUTPUT.write_text(rendered(), encoding="utf-8")
