"""Processes that a stack owns, remembered in a file so that nothing is left over.

A process is known by its pid and start time together: a pid that was used again is never hit.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import psutil

from prewatt_devstack.errors import StackError

_STOP_TIMEOUT_S = 20.0
_SAME_START_S = 1.0
# Waits for one line before it becomes the program. Whoever starts it remembers it first; if that
# one is killed before, the pipe ends and so does this: no process is ever alive and unknown.
_GATE = 'read -r go && exec "$@" </dev/null'


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
    """How a process is started. ``user``: another user to run as, where we are root.
    ``quick_signal`` ends it at once, where its data are of no more use."""

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    quick_signal: signal.Signals = signal.SIGKILL


class _Entry(TypedDict):
    pid: int
    started_at: float
    stop_signal: int
    quick_signal: NotRequired[int]


class ProcessTable:
    """Starts, kills and remembers the processes of one stack, by name."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "processes.json"
        self._logs = state_dir / "logs"

    def log(self, name: str) -> Path:
        """Where the output of a process goes."""
        return self._logs / f"{name}.log"

    def start(self, name: str, program: Program) -> None:
        """Start a process in its own session, once it is remembered. Raises `StackError`."""
        if self.alive(name):
            message = f"{name} runs already"
            raise StackError(message)
        if shutil.which(program.argv[0]) is None:
            message = f"{name}: there is no program {program.argv[0]}; run tools/setup.sh stack"
            raise StackError(message)
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, name, *program.argv],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(program.env) if program.env is not None else None,
                start_new_session=True,
                user=program.user,
                group=program.user,
                extra_groups=[] if program.user else None,
            )
        entry: _Entry = {
            "pid": process.pid,
            "started_at": psutil.Process(process.pid).create_time(),
            "stop_signal": int(program.stop_signal),
            "quick_signal": int(program.quick_signal),
        }
        self._write(self._read() | {name: entry})
        assert process.stdin
        with process.stdin as gate:
            gate.write(b"go\n")

    def names(self) -> list[str]:
        """Every process remembered, in the order of starting."""
        return list(self._read())

    def alive(self, name: str) -> bool:
        """Whether it runs."""
        return self._running(name) is not None

    def pid(self, name: str) -> int:
        """Its pid. Raises KeyError for one never started."""
        return self._read()[name]["pid"]

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all its descendants: nothing gets to clean up."""
        process = self._running(name)
        if process is None:
            return
        family = _family(process)
        for member in family:
            _send(member, signal.SIGKILL)
        psutil.wait_procs(family, timeout=_STOP_TIMEOUT_S)
        self._reap(name)

    def stop(self, *names: str, quick: bool = False) -> None:
        """Ask all of ``names`` to end; kill what has not ended in time. Then forget them.

        ``quick``: no time to finish in, for what is thrown away.
        """
        table = self._read()
        asked: list[psutil.Process] = []
        descendants: list[psutil.Process] = []
        for name in names:
            process = self._running(name)
            if process is not None:
                asked.append(process)
                descendants += _family(process)[1:]
                entry = table[name]
                hard = entry.get("quick_signal", signal.SIGKILL)
                _send(process, hard if quick else entry["stop_signal"])
        _, late = psutil.wait_procs(asked, timeout=_STOP_TIMEOUT_S)
        _, orphans = psutil.wait_procs(descendants, timeout=1)
        for member in [*late, *orphans]:
            _send(member, signal.SIGKILL)
        psutil.wait_procs([*late, *orphans], timeout=_STOP_TIMEOUT_S)
        for name in names:
            self._reap(name)
        self._write({name: entry for name, entry in self._read().items() if name not in names})

    def _running(self, name: str) -> psutil.Process | None:
        entry = self._read().get(name)
        return None if entry is None else Owned(entry["pid"], entry["started_at"]).alive()

    def _reap(self, name: str) -> None:
        """Our own dead child stays a zombie until it is waited for."""
        try:
            os.waitpid(self.pid(name), os.WNOHANG)
        except (ChildProcessError, KeyError):
            return

    def _read(self) -> dict[str, _Entry]:
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def _write(self, table: dict[str, _Entry]) -> None:
        if not table and not self._file.exists():
            return
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


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [process]


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
