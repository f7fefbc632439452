"""Runs services, and whatever else belongs to a stack, as processes that are waited for."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

from prewatt_devstack.endpoints import Endpoints, write_private
from prewatt_devstack.errors import StackError
from prewatt_devstack.processes import ProcessTable, Program, wait_until
from prewatt_devstack.services import (
    SERVICES,
    Keys,
    environment,
    process_environment,
)

_READY_TIMEOUT_S = 60.0


class ServiceRunner:
    """The four services and other processes on a stack. ``extra_env``: see `Stack`."""

    def __init__(
        self,
        *,
        state_dir: Path,
        endpoints: Endpoints,
        keys: Keys,
        processes: ProcessTable,
        extra_env: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._state_dir = state_dir
        self._endpoints = endpoints
        self._keys = keys
        self._processes = processes
        self._extra_env = extra_env
        self._others: dict[str, tuple[Program, Sequence[str]]] = {}

    def env(self, service: str) -> dict[str, str]:
        """The ``PREWATT_*`` variables of one of the four."""
        return environment(
            service,
            state_dir=self._state_dir,
            endpoints=self._endpoints,
            keys=self._keys,
            extra=dict(self._extra_env.get(service, {})),
        )

    def start_all(self, *names: str) -> None:
        """Migrate and start the four, or those of ``names``, and wait until they are ready."""
        chosen = names or SERVICES
        environments = {service: self.env(service) for service in SERVICES}
        write_private(self._state_dir / "services.json", json.dumps(environments, indent=1))
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._migrate, chosen))
        for service in chosen:
            self._processes.start(service, self._program(service)[0])
        for service in chosen:
            self._wait(service, self._program(service)[1])

    def run(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], ready_url: str | None
    ) -> None:
        """Start another process; `start` starts it again."""
        self._others[name] = (
            Program(argv=argv, env=process_environment(dict(env))),
            [ready_url] if ready_url else [],
        )
        self.start(name)

    def start(self, name: str) -> None:
        """Start one, and wait until it is ready. Raises `StackError` for one that is not known."""
        program, ready_urls = self._program(name)
        self._processes.start(name, program)
        self._wait(name, ready_urls)

    def _program(self, name: str) -> tuple[Program, Sequence[str]]:
        if name in self._others:
            return self._others[name]
        if name not in SERVICES:
            message = f"there is no part or service {name}"
            raise StackError(message)
        program = Program(
            argv=[sys.executable, "-m", name.replace("-", "_")],
            env=process_environment(self.env(name)),
        )
        url = self._endpoints.service_url(name)
        return program, [f"{url}/readyz", f"{url}/readyz/consume"]

    def _migrate(self, service: str) -> None:
        owners_url = self._endpoints.owner_database_url(service.replace("-", "_"))
        done = subprocess.run(
            [sys.executable, "-m", service.replace("-", "_"), "migrate"],
            env=process_environment(
                self.env(service) | {"PREWATT_MIGRATION_DATABASE_URL": owners_url}
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            message = f"{service}: its database could not be migrated: {' '.join(last)}"
            raise StackError(message)

    def _wait(self, name: str, ready_urls: Sequence[str]) -> None:
        log = self._processes.log(name)

        def ready() -> bool:
            if not self._processes.alive(name):
                message = f"{name} ended while starting; see {log}"
                raise StackError(message)
            return all(map(_answers, ready_urls))

        wait_until(ready, what=name, timeout_s=_READY_TIMEOUT_S, hint=str(log))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return answer.status == HTTPStatus.OK
    except OSError:  # urllib's errors are of this kind too
        return False
