"""One meter's readings out of a day's file: its row groups alone are read."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, cast

from billing.archive.columns import in_order, packed, unpacked
from billing.archive.parquet import write_file
from billing.archive.read_meter import readings_of_meter
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.local_folder import LocalFolder
from prewatt_metering.calendar.instants import us_of


class _Counting(io.FileIO):
    """Knows how much was read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(-1 if size is None else size)
        assert found is not None
        _Counting.read_bytes += len(found)
        return found

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer)
        assert count is not None
        _Counting.read_bytes += count
        return count


class _CountingFolder(LocalFolder):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._at = root

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, _Counting(self._at / path))


def test_of_a_days_file_the_meters_row_groups_alone_are_read(tmp_path: Path) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    chance = Random(1)
    found = [
        Reading(f"m-{meter:06}", at + timedelta(minutes=15 * n), chance.randrange(10**9), at)
        for meter in range(1_500)
        for n in range(96)
    ]
    folder = _CountingFolder(tmp_path)
    size = write_file(folder, "whole", [in_order([unpacked([packed(found)])])]).size_bytes
    for number in (0, 341, 342, 700, 1_499):
        _Counting.read_bytes = 0
        name = f"m-{number:06}"
        assert readings_of_meter(folder, "whole", name) == [
            (us_of(each.read_at), each.import_wh) for each in found if each.meter_id == name
        ]
        assert _Counting.read_bytes < size * (0.65 if number in (341, 342) else 0.35)
    _Counting.read_bytes = 0
    assert readings_of_meter(folder, "whole", "m-0000005") == []
    assert readings_of_meter(folder, "whole", "n") == []
    assert _Counting.read_bytes < size
