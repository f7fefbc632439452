"""Apache Kafka in KRaft mode, one node, from the jars that Maven resolved."""

import os
import subprocess
import tempfile
from pathlib import Path

from prewatt_devstack.endpoints import Endpoints
from prewatt_devstack.errors import StackError
from prewatt_devstack.paths import KAFKA_JARS
from prewatt_devstack.ports import listens
from prewatt_devstack.processes import Program

_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"
# After a kill the controller refuses the broker until its former session is over: hence 3 s, not 9.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.retention.hours=-1
"""


class Kafka:
    """A part of the native stack."""

    name = "kafka"
    ready_timeout_s = 60.0

    def __init__(self, state_dir: Path, endpoints: Endpoints) -> None:
        self._dir = state_dir / "kafka"
        self._endpoints = endpoints

    def prepare(self) -> None:
        """Write the configuration and format the storage, once."""
        if not list(KAFKA_JARS.glob("kafka_2.13-*.jar")):
            message = "Kafka's jars are missing; run tools/setup.sh stack"
            raise StackError(message)
        data = self._dir / "data"
        if data.exists():
            return
        # A run that is killed while it formats leaves a folder that is not taken for the data.
        self._dir.mkdir(parents=True, exist_ok=True)
        begun = Path(tempfile.mkdtemp(prefix="new-", dir=self._dir))
        command = [*_java(), "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID]
        formatted = subprocess.run(
            [*command, "-c", str(self._configure(begun))],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if formatted.returncode:
            message = f"Kafka's storage could not be formatted: {formatted.stdout.strip()}"
            raise StackError(message)
        self._configure(data)
        begun.rename(data)

    def _configure(self, data: Path) -> Path:
        properties = self._dir / "server.properties"
        properties.write_text(
            _PROPERTIES.format(
                broker=self._endpoints.kafka_port,
                controller=self._endpoints.kafka_controller_port,
                data=data,
            ),
            encoding="utf-8",
        )
        return properties

    def program(self) -> Program:
        """The broker."""
        properties = str(self._dir / "server.properties")
        return Program(
            argv=[*_java("-Xms256m", "-Xmx512m"), "kafka.Kafka", properties],
            env=dict(os.environ),
        )

    def ready(self) -> bool:
        """Whether the broker accepts connections; topic creation then waits for the rest."""
        return listens(self._endpoints.kafka_port)


def _java(*options: str) -> list[str]:
    return ["java", *options, "-cp", f"{KAFKA_JARS}/*"]
