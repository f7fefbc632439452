"""Billing's archive alone: what a reading costs to pack, to write, merge and export, and to keep.

CPU time of this process (Python and Arrow), so a busy machine changes little. PostgreSQL's part, a
row a batch, is not in it. Usage: python -m benchmarks.archive [--meters 100000]
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from billing.archive.columns import packed, placed, unpacked
from billing.archive.export_files import export_to
from billing.archive.export_readings import export_readings
from billing.archive.layout import PARTITIONS, path_of
from billing.archive.merge import merged
from billing.archive.parquet import read_file, write_file
from billing.archive.values import ArchivedDay, ArchiveFile, Level, Place
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.ids import new_id
from prewatt_common.local_folder import LocalFolder

STEPS = 96
BATCH = 5_000
MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)
_STEP = timedelta(minutes=15)


class Day:
    """A day of quarter-hours of a fleet, in files that hold a step each."""

    def __init__(self, folder: LocalFolder, *, meters: int, on_the_second: bool) -> None:
        self._folder = folder
        self._rng = np.random.default_rng(1)
        self._meters = [f"sim-{number:07d}" for number in range(meters)]
        self._registers = self._rng.integers(0, 50_000_000, meters)
        self._on_the_second = on_the_second
        self.paths: dict[Place, list[str]] = {}
        self.bytes_appended = 0
        self.cpu_s = {"pack": 0.0, "append": 0.0}

    def append(self, step: int) -> None:
        """One step of every meter, in an order of chance, in batches."""
        self._registers += self._rng.integers(0, 300, len(self._meters))
        readings = self._readings(step)
        began = time.process_time()
        blocks = [
            packed(readings[start : start + BATCH]) for start in range(0, len(readings), BATCH)
        ]
        self.cpu_s["pack"] += time.process_time() - began
        began = time.process_time()
        for place, table in placed(unpacked(blocks)):
            path = path_of(place, new_id())
            self.bytes_appended += write_file(self._folder, path, [table]).size_bytes
            self.paths.setdefault(place, []).append(path)
        self.cpu_s["append"] += time.process_time() - began

    def _readings(self, step: int) -> list[Reading]:
        due = MIDNIGHT + _STEP * step
        order = self._rng.permutation(len(self._meters)).tolist()
        late_s = self._rng.integers(1, 30, len(order)).tolist()
        at_s = self._rng.integers(0, 1 if self._on_the_second else 900, len(order)).tolist()
        found: list[Reading] = []
        for place, late, after in zip(order, late_s, at_s, strict=True):
            at = due + timedelta(seconds=after)
            found.append(
                Reading(
                    self._meters[place],
                    at,
                    int(self._registers[place]),
                    at + timedelta(seconds=late),
                )
            )
        return found

    def merge(self) -> list[ArchiveFile]:
        """Every place's files into one."""
        began = time.process_time()
        files: list[ArchiveFile] = []
        for place, paths in self.paths.items():
            path = path_of(place, new_id())
            written = write_file(self._folder, path, self._merged(paths))
            files.append(
                ArchiveFile(
                    path=path,
                    place=place,
                    level=Level.DAY,
                    totals=written.totals,
                    size_bytes=written.size_bytes,
                    sha256=written.sha256,
                    live_since=MIDNIGHT,
                )
            )
        self.cpu_s["merge"] = time.process_time() - began
        return files

    def export(self, files: Sequence[ArchiveFile], out: Path) -> int:
        """The day to one file; gives its readings."""
        began = time.process_time()
        tables = export_readings(
            catalogue=_Catalogue(files),
            folder=self._folder,
            begin=MIDNIGHT,
            end=MIDNIGHT + timedelta(days=1),
        )
        readings = asyncio.run(export_to(out, tables))
        self.cpu_s["export"] = time.process_time() - began
        return readings

    def _merged(self, paths: list[str]) -> Iterator[pa.Table]:
        return merged([read_file(self._folder, path) for path in paths])


class _Catalogue:
    """A manifest of one day."""

    def __init__(self, files: Sequence[ArchiveFile]) -> None:
        self._day = ArchivedDay(
            day=MIDNIGHT.date(), files=files, meant={each.place: each.totals for each in files}
        )

    async def days(self, *, first: date | None, end: date | None) -> Sequence[date]:
        day = self._day.day
        return [day] if (first or day) <= day < (end or date.max) else []

    async def day(self, day: date) -> ArchivedDay:
        assert day == self._day.day
        return self._day

    async def known(self, paths: Collection[str]) -> Collection[str]:
        return paths

    async def waiting(self) -> int:
        return 0


def measure(*, meters: int, on_the_second: bool = True) -> dict[str, Any]:
    """CPU-µs and bytes a reading. ``on_the_second``: meters read at the quarter-hour sharp; else at
    any second of it, each its own."""
    with tempfile.TemporaryDirectory() as root:
        day = Day(LocalFolder(Path(root)), meters=meters, on_the_second=on_the_second)
        for step in range(STEPS):
            day.append(step)
        _forget_peak()
        before_mb = _peak_mb()
        files = day.merge()
        after_mb = _peak_mb()
        readings = meters * STEPS
        exported = day.export(files, Path(root) / "day.parquet")
        assert exported == readings
    return {
        "meters": meters,
        "at_the_quarter_hour_sharp": on_the_second,
        "readings": readings,
        "readings_a_file": round(meters / PARTITIONS),
        **{f"{name}_us": round(cpu_s / readings * 1e6, 2) for name, cpu_s in day.cpu_s.items()},
        "appended_bytes": round(day.bytes_appended / readings, 2),
        "merged_bytes": round(sum(each.size_bytes for each in files) / readings, 2),
        "resident_mb": round(before_mb),
        "resident_mb_by_merging": round(after_mb - before_mb),
    }


def _forget_peak() -> None:
    """What this process has measured before has no part in it."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=20_000)
    asked = parser.parse_args()
    for sharp in (True, False):
        print(json.dumps(measure(meters=asked.meters, on_the_second=sharp), indent=1))
