"""Processes that a stack owns, remembered in a file so that nothing is left over.

A process is known by its pid and start time together: a pid that was used again is never hit.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from prewatt_devstack.errors import StackError

_STOP_TIMEOUT_S = 20.0
_SAME_START_S = 1.0


@dataclass(frozen=True, slots=True)
class Owned:
    """A process as it was started."""

    pid: int
    started_at: float

    def alive(self) -> psutil.Process | None:
        """The process if it still runs, and is the one that was started."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < _SAME_START_S
            if same and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except psutil.NoSuchProcess:
            return None
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a process is started. ``user``: another user to run as, where we are root."""

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class ProcessTable:
    """Starts, kills and remembers the processes of one stack, by name."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "processes.json"
        self._logs = state_dir / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        """Where the output of a process goes."""
        return self._logs / f"{name}.log"

    def start(self, name: str, program: Program) -> None:
        """Start a process in its own session; it is remembered before anything waits for it."""
        if self.alive(name):
            message = f"{name} runs already"
            raise StackError(message)
        with self.log(name).open("ab") as log:
            try:
                process = subprocess.Popen(
                    list(program.argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(program.env) if program.env is not None else None,
                    start_new_session=True,
                    user=program.user,
                    group=program.user,
                    extra_groups=[] if program.user else None,
                )
            except FileNotFoundError as error:
                message = f"{name}: there is no program {program.argv[0]}; run tools/setup.sh stack"
                raise StackError(message) from error
        started_at = psutil.Process(process.pid).create_time()
        self._write(
            self._read()
            | {
                name: {
                    "pid": process.pid,
                    "started_at": started_at,
                    "stop_signal": int(program.stop_signal),
                }
            }
        )

    def names(self) -> list[str]:
        """Every process remembered, in the order of starting."""
        return list(self._read())

    def alive(self, name: str) -> bool:
        """Whether it runs."""
        return self._owned(name).alive() is not None if name in self._read() else False

    def pid(self, name: str) -> int:
        """Its pid. Raises KeyError for one never started."""
        return int(self._read()[name]["pid"])

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all its descendants: nothing gets to clean up."""
        process = self._owned(name).alive()
        if process is None:
            return
        family = [process, *process.children(recursive=True)]
        for member in family:
            _ignore_gone(member.kill)
        psutil.wait_procs(family, timeout=_STOP_TIMEOUT_S)
        self._reap(name)

    def stop(self, name: str) -> None:
        """Ask it to end; kill what has not ended in time. Then forget it."""
        process = self._owned(name).alive()
        if process is not None:
            number = int(self._read()[name]["stop_signal"])
            family = process.children(recursive=True)
            _ignore_gone(lambda: process.send_signal(number))
            _, left = psutil.wait_procs([process], timeout=_STOP_TIMEOUT_S)
            _, orphans = psutil.wait_procs(family, timeout=1)
            for member in [*left, *orphans]:
                _ignore_gone(member.kill)
            psutil.wait_procs([*left, *orphans], timeout=_STOP_TIMEOUT_S)
        self._reap(name)
        table = self._read()
        table.pop(name, None)
        self._write(table)

    def _owned(self, name: str) -> Owned:
        entry = self._read()[name]
        return Owned(int(entry["pid"]), float(entry["started_at"]))

    def _reap(self, name: str) -> None:
        """Our own dead child stays a zombie until it is waited for."""
        try:
            os.waitpid(self.pid(name), os.WNOHANG)
        except (ChildProcessError, KeyError):
            return

    def _read(self) -> dict[str, dict[str, float]]:
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def _write(self, table: dict[str, dict[str, float]]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(table, indent=1), encoding="utf-8")
        fresh.replace(self._file)


def wait_until(ready: Callable[[], bool], *, what: str, timeout_s: float, hint: str) -> None:
    """Ask ``ready()`` until it gives true. Raises `StackError` that names ``what`` and ``hint``."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            message = f"{what} was not ready within {timeout_s:.0f} s; see {hint}"
            raise StackError(message)
        time.sleep(0.05)


def _ignore_gone(call: Callable[[], object]) -> None:
    try:
        call()
    except psutil.NoSuchProcess:
        return
