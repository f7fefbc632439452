"""The parts as containers, with the images that docker-compose.yml names, through testcontainers.

Ports and passwords are the stack's own, so that services and tests see no difference.
"""

import hashlib
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from prewatt_devstack.databases import make_databases
from prewatt_devstack.endpoints import Endpoints
from prewatt_devstack.errors import StackError
from prewatt_devstack.native.mosquitto import Mosquitto
from prewatt_devstack.native.prometheus import Prometheus
from prewatt_devstack.paths import ROOT
from prewatt_devstack.ports import listens
from prewatt_devstack.processes import wait_until

_LABEL = "prewatt.stack"
_PART = "prewatt.part"
_MADE_FOR = "prewatt.made-for"
_READY_TIMEOUT_S = 90.0


def images() -> dict[str, str]:
    """Part to image, read from docker-compose.yml: one place says which versions we run on."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    names = {"kafka": "apache/kafka", "mosquitto": "eclipse-mosquitto", "postgres": "postgres",
             "prometheus": "prom/prometheus"}  # fmt: skip
    found: dict[str, str] = {}
    for part, repository in names.items():
        match = re.search(rf"image:\s*(?:&\S+\s+)?({re.escape(repository)}:\S+)", text)
        if match is None:
            message = f"docker-compose.yml names no image of {repository}"
            raise StackError(message)
        found[part] = match[1]
    return found


def _client() -> Any:
    import docker

    return docker.from_env(timeout=60)


def why_no_containers(*, say: Callable[[str], None]) -> str | None:
    """None where an engine answers and has the images, or can pull them; ``say`` tells which."""
    from docker.errors import DockerException

    try:
        client = _client()
        present = {tag for image in client.images.list() for tag in image.tags}
        for image in images().values():
            if image not in present:
                say(f"fetching the image {image}, once")
                client.images.pull(image)
    except DockerException as error:
        return str(error)
    return None


class ContainerParts:
    """Kafka, Mosquitto, PostgreSQL and, if wanted, Prometheus as containers."""

    def __init__(self, state_dir: Path, endpoints: Endpoints, with_prometheus: bool) -> None:
        self._state_dir = state_dir
        self._endpoints = endpoints
        self._mqtt = Mosquitto(state_dir, endpoints)
        # Two checkouts may have stacks of one name: the label is the state folder.
        self._label = f"{_LABEL}={state_dir}"
        # Tells a stack from an earlier one whose state was deleted from the same folder.
        self._made_for = hashlib.sha256(endpoints.postgres_password.encode()).hexdigest()[:16]
        self._images = images()
        self.names: tuple[str, ...] = ("kafka", "mosquitto", "postgres")
        if with_prometheus or self._find("prometheus"):
            self.names = (*self.names, "prometheus")

    def up(self) -> None:
        """Start what does not run; a container left stopped by a killed run is started again."""
        for container in self._all():
            if container.labels.get(_MADE_FOR) != self._made_for:
                container.remove(force=True, v=True)
        for name in self.names:
            container = self._find(name)
            if container is None:
                self._create(name)
            elif container.status != "running":
                container.start()
        for name in self.names:
            self._wait(name)
        make_databases(self._endpoints)

    def start(self, name: str) -> None:
        """Start one again, on its data."""
        self._get(name).start()
        self._wait(name)

    def kill(self, name: str) -> None:
        """SIGKILL to the container."""
        self._get(name).kill()
        self._get(name).wait(timeout=30)

    def running(self, name: str) -> bool:
        """Whether it runs."""
        container = self._find(name)
        return container is not None and container.status == "running"

    def pids(self, name: str) -> list[int]:
        """The container's processes as the machine sees them."""
        top = self._get(name).top(ps_args="-eo pid")
        return [int(row[0]) for row in top["Processes"]]

    def logs(self, name: str) -> str:
        """What it has printed."""
        return self._get(name).logs().decode("utf-8", "replace")

    def down(self, *, remove_data: bool) -> None:
        """Stop all; their data live in the containers, so without ``remove_data`` they stay."""
        with ThreadPoolExecutor() as pool:
            if remove_data:
                list(pool.map(lambda each: each.remove(force=True, v=True), self._all()))
            else:
                list(pool.map(lambda each: each.stop(timeout=20), self._all()))

    def add_mqtt_user(self, name: str, password: str) -> None:
        """A credential; the broker reads it at once."""
        self._mqtt.add_user(name, password)
        if self.running("mosquitto"):
            self._get("mosquitto").kill(signal="SIGHUP")

    def _all(self, *more_labels: str) -> list[Any]:
        filters = {"label": [self._label, *more_labels]}
        return _client().containers.list(all=True, filters=filters)

    def _find(self, name: str) -> Any | None:
        found = self._all(f"{_PART}={name}")
        return found[0] if found else None

    def _labels(self, name: str) -> dict[str, str]:
        return {_LABEL: str(self._state_dir), _PART: name, _MADE_FOR: self._made_for}

    def _get(self, name: str) -> Any:
        container = self._find(name)
        if container is None:
            message = f"there is no container of {name}"
            raise StackError(message)
        return container

    def _create(self, name: str) -> None:
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(self._images[name]).with_kwargs(
            labels=self._labels(name),
            network_mode="host",
        )
        configure: dict[str, Callable[[Any], None]] = {
            "kafka": self._kafka,
            "mosquitto": self._mosquitto,
            "postgres": self._postgres,
            "prometheus": self._prometheus,
        }
        configure[name](container)
        container.start()

    def _kafka(self, container: Any) -> None:
        broker, controller = self._endpoints.kafka_port, self._endpoints.kafka_controller_port
        for key, value in {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@localhost:{controller}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENERS": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://:{controller}",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{broker}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "6",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
            "KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m",
        }.items():
            container.with_env(key, value)

    def _mosquitto(self, container: Any) -> None:
        self._mqtt.prepare()
        folder = str(self._state_dir / "mosquitto")
        container.with_kwargs(
            labels=self._labels("mosquitto"),
            network_mode="host",
            user=f"{os.geteuid()}:{os.getegid()}",
        )
        # The same path inside, so that one configuration serves both providers.
        container.with_volume_mapping(folder, folder, "rw")
        container.with_command(f"mosquitto -c {folder}/mosquitto.conf")

    def _postgres(self, container: Any) -> None:
        container.with_env("POSTGRES_USER", self._endpoints.postgres_user)
        container.with_env("POSTGRES_PASSWORD", self._endpoints.postgres_password)
        container.with_env("POSTGRES_DB", "postgres")
        port = self._endpoints.postgres_port
        container.with_command(f"postgres -p {port} -c listen_addresses=127.0.0.1")

    def _prometheus(self, container: Any) -> None:
        Prometheus(self._state_dir, self._endpoints).prepare()
        folder = str(self._state_dir / "prometheus")
        container.with_volume_mapping(folder, folder, "ro")
        container.with_command(
            f"--config.file={folder}/prometheus.yml --storage.tsdb.path=/prometheus "
            f"--web.listen-address=127.0.0.1:{self._endpoints.prometheus_port}"
        )

    def _wait(self, name: str) -> None:
        port = {
            "kafka": self._endpoints.kafka_port,
            "mosquitto": self._endpoints.mqtt_port,
            "postgres": self._endpoints.postgres_port,
            "prometheus": self._endpoints.prometheus_port,
        }[name]

        def ready() -> bool:
            container = self._get(name)
            if container.status == "exited":
                message = f"{name} ended while starting: {self.logs(name)[-300:]}"
                raise StackError(message)
            if name == "postgres":
                # While the start-up scripts run, the server listens on its socket only.
                return (
                    container.exec_run(["pg_isready", "-h", "127.0.0.1", "-p", str(port)])[0] == 0
                )
            return listens(port)

        wait_until(
            ready, what=name, timeout_s=_READY_TIMEOUT_S, hint=f"the logs of {name}'s container"
        )
