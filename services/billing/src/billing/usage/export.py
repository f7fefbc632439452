"""A meter's use as a file, in pieces as they are made: CSV for people, Parquet for other tools."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import RawIOBase, StringIO

import pyarrow as pa
import pyarrow.parquet as pq

from billing.usage.values import Slice, Usage
from prewatt_metering.calendar.instants import instant_of

ROWS_AT_ONCE = 5_000
COLUMNS = ("begins_at", "ends_at", "energy_wh", "quality")
_INSTANT = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        pa.field("begins_at", _INSTANT, nullable=False),
        pa.field("ends_at", _INSTANT, nullable=False),
        pa.field("energy_wh", pa.int64()),
        pa.field("quality", pa.string(), nullable=False),
    ]
)


def csv_of(usage: Usage) -> Iterator[bytes]:
    """Instants as the local clock shows them with its distance from UTC; no energy: nothing
    between the commas."""
    tz = usage.calendar.tz
    yield _lines([COLUMNS])
    for some in _pieces(usage.slices):
        yield _lines(
            (
                instant_of(each.begin_us).astimezone(tz).isoformat(),
                instant_of(each.end_us).astimezone(tz).isoformat(),
                "" if each.energy_wh is None else each.energy_wh,
                each.quality,
            )
            for each in some
        )


def parquet_of(usage: Usage) -> Iterator[bytes]:
    """Instants in UTC; the timezone and the meter stand in the file's metadata."""
    told = {
        "meter_id": usage.question.meter_id,
        "timezone": usage.timezone,
        "resolution": str(usage.question.resolution),
    }
    sink = _Passing()
    schema = _SCHEMA.with_metadata(told)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for some in _pieces(usage.slices):
            writer.write_table(_table(some, schema))
            yield sink.take()
    yield sink.take()


def _table(slices: Iterable[Slice], schema: pa.Schema) -> pa.Table:
    begin_us, end_us, energy_wh, quality = zip(*slices, strict=True)
    return pa.table(
        [
            pa.array(begin_us, pa.int64()).cast(_INSTANT),
            pa.array(end_us, pa.int64()).cast(_INSTANT),
            pa.array(energy_wh, pa.int64()),
            pa.array([str(each) for each in quality], pa.string()),
        ],
        schema=schema,
    )


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _pieces(slices: Sequence[Slice]) -> Iterator[Sequence[Slice]]:
    for start in range(0, len(slices), ROWS_AT_ONCE):
        yield slices[start : start + ROWS_AT_ONCE]


class _Passing(RawIOBase):
    """What is written to it waits until it is taken; places count from the first byte of all."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: object) -> int:
        view = memoryview(data)  # pyright: ignore[reportArgumentType] - what pyarrow gives
        self._held += view
        self._written += view.nbytes
        return view.nbytes

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._held)
        self._held.clear()
        return taken
