"""All native parts together."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import psutil

from prewatt_devstack.databases import make_databases
from prewatt_devstack.endpoints import Endpoints
from prewatt_devstack.errors import StackError
from prewatt_devstack.native.kafka import Kafka
from prewatt_devstack.native.mosquitto import Mosquitto
from prewatt_devstack.native.postgres import Postgres
from prewatt_devstack.native.prometheus import Prometheus
from prewatt_devstack.processes import ProcessTable, Program, wait_until


class _Part(Protocol):
    name: str
    ready_timeout_s: float

    def prepare(self) -> None: ...
    def program(self) -> Program: ...
    def ready(self) -> bool: ...


class NativeParts:
    """Kafka, Mosquitto, PostgreSQL and, if wanted, Prometheus as processes."""

    def __init__(
        self,
        state_dir: Path,
        endpoints: Endpoints,
        processes: ProcessTable,
        with_prometheus: bool,
    ) -> None:
        self._processes = processes
        self._endpoints = endpoints
        self._mosquitto = Mosquitto(state_dir, endpoints)
        self._postgres = Postgres(state_dir, endpoints)
        parts: list[_Part] = [Kafka(state_dir, endpoints), self._mosquitto, self._postgres]
        if with_prometheus or Prometheus.name in processes.names():
            parts.append(Prometheus(state_dir, endpoints))
        self._parts = {part.name: part for part in parts}
        self.names = tuple(self._parts)

    def up(self) -> None:
        """Start what does not run, all at once."""
        absent = [part for part in self._parts.values() if not self.running(part.name)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda part: part.prepare(), absent))
        for part in absent:
            self._processes.start(part.name, part.program())
        for part in self._parts.values():  # what a killed run has started may not be ready yet
            self._wait(part)
        make_databases(self._endpoints)

    def start(self, name: str) -> None:
        """Start one again."""
        part = self._parts[name]
        self._processes.start(name, part.program())
        self._wait(part)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._processes.kill(name)

    def running(self, name: str) -> bool:
        """Whether it runs."""
        return self._processes.alive(name)

    def pids(self, name: str) -> list[int]:
        """The part's process and its children."""
        pid = self._processes.pid(name)
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]

    def logs(self, name: str) -> str:
        """What it has printed."""
        return self._processes.log(name).read_text(encoding="utf-8", errors="replace")

    def add_mqtt_user(self, name: str, password: str) -> None:
        """A credential; the broker reads it at once."""
        self._mosquitto.add_user(name, password)
        if self.running(self._mosquitto.name):
            os.kill(self._processes.pid(self._mosquitto.name), signal.SIGHUP)

    def down(self, *, remove_data: bool) -> None:
        """Stop all at once; without time to finish in where the data go too."""
        self._processes.stop(*self._processes.names(), quick=remove_data)
        if remove_data:
            self._postgres.remove()

    def _wait(self, part: _Part) -> None:
        log = self._processes.log(part.name)

        def ready() -> bool:
            if not self._processes.alive(part.name):
                message = f"{part.name} ended while starting; see {log}"
                raise StackError(message)
            return part.ready()

        wait_until(ready, what=part.name, timeout_s=part.ready_timeout_s, hint=str(log))
