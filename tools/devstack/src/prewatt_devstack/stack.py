"""A local stack: Kafka, Mosquitto, PostgreSQL, Prometheus, and the four services on them."""

import asyncio
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from prewatt_common.kafka.topics import ensure_topics
from prewatt_devstack.containers import ContainerParts, containers_usable
from prewatt_devstack.endpoints import load_or_make, write_private
from prewatt_devstack.errors import StackError
from prewatt_devstack.native.parts import NativeParts
from prewatt_devstack.paths import default_state_dir
from prewatt_devstack.processes import ProcessTable, Program, wait_until
from prewatt_devstack.services import (
    SERVICES,
    environment,
    load_or_make_keys,
    process_environment,
)

Provider = Literal["auto", "containers", "native"]
_SERVICE_TIMEOUT_S = 60.0


class Parts(Protocol):
    """A provider of the parts that others made."""

    names: tuple[str, ...]

    def up(self) -> None:
        """Start what does not run, and wait until all are ready."""
        ...

    def start(self, name: str) -> None:
        """Start one part again on its port and data, and wait until it is ready."""
        ...

    def kill(self, name: str) -> None:
        """End one part as a power cut would."""
        ...

    def running(self, name: str) -> bool:
        """Whether it runs."""
        ...

    def pids(self, name: str) -> list[int]:
        """The processes of a part, for measuring."""
        ...

    def logs(self, name: str) -> str:
        """What it has printed."""
        ...

    def down(self, *, remove_data: bool) -> None:
        """Stop all."""
        ...


class Stack:
    """Use as a context manager, or `up` in one process and `down` in another: the state folder
    remembers what is owned. ``extra_env``: service name to variables over the stack's own."""

    def __init__(
        self,
        *,
        name: str = "dev",
        state_dir: Path | None = None,
        provider: Provider = "auto",
        with_prometheus: bool = False,
        extra_env: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.state_dir = (state_dir or default_state_dir(name)).resolve()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.endpoints = load_or_make(self.state_dir, services=SERVICES)
        self.keys = load_or_make_keys(self.state_dir)
        self._extra_env = extra_env or {}
        self._processes = ProcessTable(self.state_dir)
        self.provider = self._choose(provider)
        self._parts = self._make_parts(name, with_prometheus=with_prometheus)

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self.down(remove_data=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down(remove_data=True)

    def up(self) -> None:
        """Bring up the parts and create the topics. What already runs is left as it is."""
        write_private(self.state_dir / "provider", self.provider)
        self._parts.up()
        asyncio.run(ensure_topics(bootstrap=self.endpoints.kafka_bootstrap))

    def start_services(self, *names: str) -> None:
        """Migrate and start the services (all four unless named), and wait until ready."""
        chosen = names or SERVICES
        environments = {service: self.service_env(service) for service in SERVICES}
        write_private(self.state_dir / "services.json", json.dumps(environments, indent=1))
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._migrate, chosen))
        for service in chosen:
            self._processes.start(service, self._service_program(service))
        for service in chosen:
            self._wait_ready(service)

    def service_env(self, service: str) -> dict[str, str]:
        """The ``PREWATT_*`` variables of a service on this stack."""
        return environment(
            service,
            endpoints=self.endpoints,
            keys=self.keys,
            extra=dict(self._extra_env.get(service, {})),
        )

    def start(self, name: str) -> None:
        """Start a part or service again, on the same port and data, and wait until ready."""
        if name in SERVICES:
            self._processes.start(name, self._service_program(name))
            self._wait_ready(name)
        else:
            self._parts.start(name)

    def kill(self, name: str) -> None:
        """SIGKILL a part or a service."""
        if name in SERVICES:
            self._processes.kill(name)
        else:
            self._parts.kill(name)

    def stop(self, name: str) -> None:
        """End a service in order (SIGTERM)."""
        self._processes.stop(name)

    def running(self, name: str) -> bool:
        """Whether a part or service runs."""
        return self._processes.alive(name) if name in SERVICES else self._parts.running(name)

    def pids(self, name: str) -> list[int]:
        """The processes of a part or service, for measuring."""
        return [self._processes.pid(name)] if name in SERVICES else self._parts.pids(name)

    def status(self) -> dict[str, bool]:
        """Every part and service, and whether it runs."""
        names = (*self._parts.names, *(s for s in SERVICES if s in self._processes.names()))
        return {name: self.running(name) for name in names}

    def logs(self, name: str) -> str:
        """What a part or service has printed."""
        if name in SERVICES:
            return self._processes.log(name).read_text(encoding="utf-8", errors="replace")
        return self._parts.logs(name)

    def down(self, *, remove_data: bool = False) -> None:
        """Stop everything the stack owns, by whoever it was started."""
        for service in SERVICES:
            if service in self._processes.names():
                self._processes.stop(service)
        self._parts.down(remove_data=remove_data)
        if remove_data:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    def _choose(self, provider: Provider) -> Literal["containers", "native"]:
        """What is already up stays with its provider."""
        kept = self.state_dir / "provider"
        if kept.exists():
            return "containers" if kept.read_text(encoding="utf-8") == "containers" else "native"
        if provider == "auto":
            return "containers" if containers_usable() else "native"
        return provider

    def _make_parts(self, name: str, *, with_prometheus: bool) -> Parts:
        if self.provider == "containers":
            return ContainerParts(name, self.state_dir, self.endpoints, with_prometheus)
        return NativeParts(self.state_dir, self.endpoints, self._processes, with_prometheus)

    def _migrate(self, service: str) -> None:
        module = service.replace("-", "_")
        done = subprocess.run(
            [sys.executable, "-m", module, "migrate"],
            env=process_environment(self.service_env(service)),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            message = f"{service}: its database could not be migrated: {' '.join(last)}"
            raise StackError(message)

    def _service_program(self, service: str) -> Program:
        return Program(
            argv=[sys.executable, "-m", service.replace("-", "_")],
            env=process_environment(self.service_env(service)),
        )

    def _wait_ready(self, service: str) -> None:
        url = f"{self.endpoints.service_url(service)}/readyz"
        log = self._processes.log(service)

        def ready() -> bool:
            if not self._processes.alive(service):
                message = f"{service} ended while starting; see {log}"
                raise StackError(message)
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                    return answer.status == 200
            except (urllib.error.URLError, OSError):
                return False

        wait_until(ready, what=service, timeout_s=_SERVICE_TIMEOUT_S, hint=str(log))
