"""CPU time of the stack's processes, as the system accounts for it."""

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


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """User and system seconds of each part since it began, at one moment."""

    seconds: Mapping[str, float]
    at: float


def cpu_times(stack: Stack) -> CpuTimes:
    """Of every part and service; children that have ended are counted with their parent."""
    return CpuTimes({part: _seconds(stack.pids(part)) for part in PARTS}, time.monotonic())


def resident_mb(stack: Stack) -> dict[str, int]:
    """Resident memory of each part in MB; shared pages are counted once a process."""
    return {
        part: sum(psutil.Process(pid).memory_info().rss for pid in stack.pids(part)) // 2**20
        for part in PARTS
    }


def per_item_us(before: CpuTimes, after: CpuTimes, items: int) -> dict[str, float]:
    """CPU-µs an item by part, and ``all``."""
    by_part = {
        part: round((after.seconds[part] - before.seconds[part]) / items * 1e6, 1) for part in PARTS
    }
    return {"all": round(sum(by_part.values()), 1)} | by_part


def _seconds(pids: list[int]) -> float:
    total = 0.0
    for number, pid in enumerate(pids):
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if number == 0:
            total += times.children_user + times.children_system
    return total
