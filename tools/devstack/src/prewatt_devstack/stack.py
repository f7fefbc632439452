"""A local stack: Kafka, Mosquitto, PostgreSQL, Prometheus, and the four services on them."""

import asyncio
import shutil
import signal
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn, Protocol, Self

from prewatt_common.kafka.topics import Layout, ensure_topics
from prewatt_devstack.containers import ContainerParts
from prewatt_devstack.endpoints import load_or_make, write_private
from prewatt_devstack.errors import StackError
from prewatt_devstack.native.parts import NativeParts
from prewatt_devstack.paths import default_state_dir
from prewatt_devstack.processes import ProcessTable
from prewatt_devstack.provider import Chosen, Provider, choose_provider
from prewatt_devstack.service_runner import ServiceRunner
from prewatt_devstack.services import SERVICES, load_or_make_keys


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

    def add_mqtt_user(self, name: str, password: str) -> None:
        """A credential of the broker, at once."""
        ...

    def down(self, *, remove_data: bool) -> None:
        """Stop all."""
        ...


class Stack:
    """Use as a context manager, or `up` in one process and `down` in another: the state folder
    remembers what is owned. ``extra_env``: service name to variables over the stack's own.

    As a context manager in the main thread it takes SIGTERM and SIGHUP for SIGINT, so that all
    three end what it started; after SIGKILL the next `up` takes over what still runs, and `down`
    ends it. Methods block: from a coroutine call them in a thread.
    """

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
        self._name = name
        self._wanted: Provider = provider
        self._with_prometheus = with_prometheus
        self._signals: dict[int, Any] = {}
        self._processes = ProcessTable(self.state_dir)
        self._services = ServiceRunner(
            state_dir=self.state_dir,
            endpoints=self.endpoints,
            keys=self.keys,
            processes=self._processes,
            extra_env=extra_env or {},
        )

    def __enter__(self) -> Self:
        self._take_signals()
        try:
            self.up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down(remove_data=True)
        while self._signals:
            signal.signal(*self._signals.popitem())

    @cached_property
    def provider(self) -> Chosen:
        """What runs the parts. A stack stays with the one it was made with."""
        kept = self._kept_provider()
        if kept and self._wanted not in ("auto", kept):
            message = (
                f"this stack was made with provider {kept}; end it with"
                f" `devstack down --remove-data --state-dir {self.state_dir}` first"
            )
            raise StackError(message)
        return kept or choose_provider(self._wanted)

    def up(self) -> None:
        """Bring up the parts and create the topics. What already runs is left as it is."""
        write_private(self._provider_file, self.provider)
        self._parts.up()
        asyncio.run(ensure_topics(bootstrap=self.endpoints.kafka_bootstrap, layout=Layout()))

    def start_services(self, *names: str) -> None:
        """Migrate and start the services (all four unless named), and wait until ready."""
        self._services.start_all(*names)

    def start_service(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        ready_url: str | None = None,
    ) -> None:
        """Own one more process, a simulator say, and wait until ``ready_url`` answers 200.

        ``env`` goes over the shell's variables, less its ``PREWATT_*``.
        """
        self._services.run(name, argv, env or {}, ready_url)

    def service_env(self, service: str) -> dict[str, str]:
        """The ``PREWATT_*`` variables of a service on this stack."""
        return self._services.env(service)

    def add_mqtt_user(self, name: str, password: str) -> None:
        """Let a meter of this name log in to the broker; it may use its own topics only."""
        self._parts.add_mqtt_user(name, password)

    def start(self, name: str) -> None:
        """Start a part or service again, on the same port and data, and wait until ready."""
        (self._parts if name in self._parts.names else self._services).start(name)

    def kill(self, name: str) -> None:
        """SIGKILL a part or a service."""
        (self._parts if name in self._parts.names else self._processes).kill(name)

    def stop(self, name: str) -> None:
        """End a service in order (SIGTERM)."""
        self._processes.stop(name)

    def running(self, name: str) -> bool:
        """Whether a part or service runs."""
        if name in self._parts.names:
            return self._parts.running(name)
        return self._processes.alive(name)

    def pids(self, name: str) -> list[int]:
        """The processes of a part or service, for measuring."""
        if name in self._parts.names:
            return self._parts.pids(name)
        return [self._processes.pid(name)]

    def status(self) -> dict[str, bool]:
        """Every part and service, and whether it runs."""
        others = [name for name in self._processes.names() if name not in self._parts.names]
        return {name: self.running(name) for name in (*self._parts.names, *others)}

    def logs(self, name: str) -> str:
        """What a part or service has printed."""
        if name in self._parts.names:
            return self._parts.logs(name)
        return self._processes.log(name).read_text(encoding="utf-8", errors="replace")

    def down(self, *, remove_data: bool = False) -> None:
        """Stop everything the stack owns, by whoever it was started."""
        kept = self._kept_provider()
        if kept:  # else nothing was ever brought up
            parts = self._make_parts(kept)
            others = [name for name in self._processes.names() if name not in parts.names]
            self._processes.stop(*others, quick=remove_data)
            parts.down(remove_data=remove_data)
        if remove_data:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    @property
    def _provider_file(self) -> Path:
        return self.state_dir / "provider"

    def _kept_provider(self) -> Chosen | None:
        if not self._provider_file.exists():
            return None
        kept = self._provider_file.read_text(encoding="utf-8")
        return "containers" if kept == "containers" else "native"

    @cached_property
    def _parts(self) -> Parts:
        return self._make_parts(self.provider)

    def _make_parts(self, provider: Chosen) -> Parts:
        if provider == "containers":
            return ContainerParts(self.state_dir, self.endpoints, self._with_prometheus)
        return NativeParts(self.state_dir, self.endpoints, self._processes, self._with_prometheus)

    def _take_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                self._signals[number] = signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
