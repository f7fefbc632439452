"""Exports of readings: what is written is what was sealed, and nothing else passes for it."""

import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.retention.export_file import ExportWriter, NotTheExport, read_export, rows_of
from prepay_ledger.retention.retire_days import RetireDays
from prepay_ledger.retention.rules import first_day_kept
from prepay_ledger.retention.values import ROWS_A_CHUNK, Export, LeftDay, path_of
from prepay_ledger.seals.chain import leaf_of, row_text
from prepay_ledger.seals.values import SEALED_BY_NAME, TableSeal
from prewatt_common import local_folder
from prewatt_common.local_folder import LocalFolder
from prewatt_common.merkle import root_hash

METER_DAY = SEALED_BY_NAME["meter_day"]


def a_day(meters: int) -> list[tuple[str, bytes]]:
    """Rows in the order of the seal."""
    return sorted((f"m{n}-π", f"{n} readings".encode()) for n in range(meters))


def written(rows: Sequence[tuple[str, bytes]]) -> bytes:
    sink = BytesIO()
    writer = ExportWriter(sink)
    for row in rows:
        writer.add(row_text(METER_DAY, row))
    writer.end()
    return sink.getvalue()


def read(data: bytes) -> Export:
    return read_export(BytesIO(data))


@pytest.mark.parametrize(
    "meters", [0, 1, ROWS_A_CHUNK - 1, ROWS_A_CHUNK, ROWS_A_CHUNK + 1, 3 * ROWS_A_CHUNK, 1_500]
)
def test_an_export_is_what_the_seal_hashed(meters: int) -> None:
    rows = a_day(meters)
    data = written(rows)
    export = read(data)
    sealed_root = root_hash(leaf_of(METER_DAY, row) for row in rows)
    assert (export.rows, export.root, export.size) == (meters, sealed_root, len(data))
    # A chunk is a whole subtree: its roots alone come to the seal's.
    assert root_hash(each.root for each in export.chunks) == sealed_root
    assert data == written(rows), "the same rows are the same bytes"
    lines = gzip.decompress(data).splitlines() if data else []
    assert lines == [row_text(METER_DAY, row) for row in rows]


@given(st.sets(st.integers(0, 700), max_size=20))
def test_some_meters_are_found_and_no_others(wanted: set[int]) -> None:
    rows = a_day(600)
    data = written(rows)
    ids = {f"m{n}-π" for n in wanted}
    found = list(rows_of(BytesIO(data), read(data), ids))
    assert found == [row for row in rows if row[0] in ids]


def test_what_was_changed_is_not_read_as_what_was_sealed() -> None:
    rows = a_day(600)
    data, export = written(rows), read(written(rows))
    changed = [*rows]
    changed[300] = (rows[300][0], b"9 readings")
    other = written(changed)
    assert read(other).root != export.root
    if len(other) == len(data):
        with pytest.raises(NotTheExport, match="are not what was sealed"):
            list(rows_of(BytesIO(other), export, {rows[300][0]}))
    with pytest.raises(NotTheExport):
        list(rows_of(BytesIO(data[:-9]), export, {rows[-1][0]}))
    with pytest.raises(NotTheExport, match="do not come to the root"):
        odd = Export(
            rows=export.rows, root=bytes(32), chunks=export.chunks, sha256=b"", size=export.size
        )
        list(rows_of(BytesIO(data), odd, {rows[0][0]}))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"readings", "not packed"),
        (written(a_day(3))[:-4], "ends within a chunk"),
        (gzip.compress(b"no row\n", mtime=0), "a line is no row"),
        (written(a_day(3)) + written(a_day(3)), "has fewer rows than"),
        (written(a_day(ROWS_A_CHUNK)) + written(a_day(1)), "comes after"),
    ],
)
def test_other_files_are_no_exports(data: bytes, says: str) -> None:
    with pytest.raises(NotTheExport, match=says):
        read(data)


@pytest.mark.parametrize(
    ("open_day", "months", "first"),
    [
        (date(2026, 11, 30), 25, date(2024, 10, 1)),
        (date(2026, 12, 1), 25, date(2024, 11, 1)),
        (date(2026, 1, 31), 24, date(2024, 1, 1)),
        (date(2026, 1, 1), 25, date(2023, 12, 1)),
    ],
)
def test_whole_months_stay(open_day: date, months: int, first: date) -> None:
    assert first_day_kept(open_day, months=months) == first


class OneDay:
    """A store of one sealed day, and what was done in which order, also in the folder."""

    def __init__(self, day: date, rows: Sequence[tuple[str, bytes]]) -> None:
        self.day, self.rows, self.done = day, rows, list[str]()

    async def open_day(self) -> date:
        return date(2026, 11, 30)

    async def due(self, *, before: date, limit: int) -> Sequence[date]:
        return [self.day][:limit] if self.day < before else []

    async def sealed(self, day: date) -> TableSeal:
        return TableSeal(len(self.rows), root_hash(leaf_of(METER_DAY, row) for row in self.rows))

    async def texts(self, day: date) -> AsyncIterator[bytes]:
        for row in self.rows:
            yield row_text(METER_DAY, row)

    async def clear_bodies(self, *, before: date, limit: int) -> int:
        return 0

    async def take_out(self, left: LeftDay) -> None:
        self.done.append(f"{left.day} is out")


@pytest.mark.parametrize("is_there", [False, True])
async def test_an_export_is_durable_before_rows_are_taken_out_whoever_wrote_it(
    tmp_path, monkeypatch, is_there
) -> None:
    day = date(2024, 9, 30)
    store = OneDay(day, a_day(300))
    root = tmp_path / "exports"
    if is_there:
        file = root / path_of(day)
        file.parent.mkdir(parents=True)
        file.write_bytes(written(store.rows))
    monkeypatch.setattr(
        local_folder,
        "_make_durable",
        lambda path: store.done.append(path.relative_to(tmp_path).as_posix()),
    )
    retire = RetireDays(store=store, folder=LocalFolder(root), folder_name=str(root))
    assert [left.day async for left in retire(months=25, limit=5)] == [day]
    assert store.done[-6:] == [
        f"exports/{path_of(day)}", "exports/meter_day/2024", "exports/meter_day", "exports", ".",
        f"{day} is out",
    ]  # fmt: skip
    assert read((root / path_of(day)).read_bytes()).rows == 300


async def test_a_day_whose_time_is_not_over_stays(tmp_path) -> None:
    store = OneDay(date(2024, 10, 1), a_day(1))
    retire = RetireDays(store=store, folder=LocalFolder(tmp_path), folder_name=str(tmp_path))
    assert [left async for left in retire(months=25, limit=5)] == []
    assert store.done == []


def test_a_day_has_one_path() -> None:
    assert path_of(date(2024, 10, 31)) == "meter_day/2024/2024-10-31.jsonl.gz"
