"""CPU time of the stack's processes, as the system accounts for it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from prewatt_devstack import Stack

PARTS = (
    "mosquitto",
    "meter-gateway",
    "kafka",
    "prepay-ledger",
    "postgres",
    "billing",
    "notifier",
)


# As PostgreSQL titles a connection's process: "postgres: user database host(port) state".
_CONNECTION = re.compile(r"postgres: \S+ (?P<database>\w+) \S+\(\d+\) ")


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """User and system seconds of each part since it began, at one moment."""

    seconds: Mapping[str, float]
    at: float


def cpu_times(stack: Stack) -> CpuTimes:
    """Of every part and service; children that have ended are counted with their parent."""
    return CpuTimes({part: _seconds(stack.pids(part)) for part in PARTS}, time.monotonic())


def postgres_times(stack: Stack) -> CpuTimes:
    """Of PostgreSQL by whom it works for: a database's connections, or PostgreSQL itself (writer,
    checkpoints, vacuum). What connections that have ended used is with PostgreSQL itself."""
    seconds = dict[str, float]()
    for number, pid in enumerate(stack.pids("postgres")):
        try:
            title = psutil.Process(pid).cmdline()
        except psutil.NoSuchProcess:
            continue
        whom = _CONNECTION.match(" ".join(title))
        part = whom["database"] if whom and number else "itself"
        seconds[part] = seconds.get(part, 0.0) + _seconds_of(pid, with_children=number == 0)
    return CpuTimes(seconds, time.monotonic())


def resident_mb(stack: Stack) -> dict[str, int]:
    """Resident memory of each part in MB; shared pages are counted once a process."""
    return {
        part: sum(psutil.Process(pid).memory_info().rss for pid in stack.pids(part)) // 2**20
        for part in PARTS
    }


def per_item_us(before: CpuTimes, after: CpuTimes, items: int) -> dict[str, float]:
    """CPU-µs an item by part, and ``all``."""
    by_part = {
        part: round((seconds - before.seconds.get(part, 0.0)) / items * 1e6, 1)
        for part, seconds in after.seconds.items()
    }
    return {"all": round(sum(by_part.values()), 1)} | by_part


def _seconds(pids: list[int]) -> float:
    return sum(_seconds_of(pid, with_children=number == 0) for number, pid in enumerate(pids))


def _seconds_of(pid: int, *, with_children: bool) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    own = times.user + times.system
    return own + times.children_user + times.children_system if with_children else own
