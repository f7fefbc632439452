"""Readings in Arrow's columns: packed for the database, and sorted for the files.

The columns are the archive's contract: names, types and units are in the README, and a reader years
from now relies on them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.archive.layout import PARTITIONS, partitions_of
from billing.archive.values import Place, Totals
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_metering.calendar.instants import DAY_US, SECOND_US, utc_day_of

Int64s: TypeAlias = npt.NDArray[np.int64]

Register: TypeAlias = tuple[int, int]
"""An instant in microseconds UTC since 1970, and the register in Wh."""

_INSTANT = pa.timestamp("us", tz="UTC")
METER_ID, READ_AT, IMPORT_WH, RECEIVED_AFTER_S = COLUMNS = (
    "meter_id", "read_at", "import_wh", "received_after_s",
)  # fmt: skip
SCHEMA = pa.schema(
    [
        pa.field(METER_ID, pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field(READ_AT, _INSTANT, nullable=False),
        pa.field(IMPORT_WH, pa.int64(), nullable=False),
        pa.field(RECEIVED_AFTER_S, pa.int64(), nullable=False),
    ]
)
"""Of a table here: meters by their place in a dictionary, which is quick to sort."""
FILE_SCHEMA = SCHEMA.set(0, pa.field(METER_ID, pa.string(), nullable=False))
"""Of a file: a meter's id is a string."""
_PACKED = pa.schema(
    [
        pa.field(METER_ID, pa.string(), nullable=False),
        pa.field(READ_AT, _INSTANT, nullable=False),
        pa.field(IMPORT_WH, pa.int64(), nullable=False),
        pa.field("received_at", _INSTANT, nullable=False),
    ]
)
_PACKING = pa.ipc.IpcWriteOptions(compression="lz4")
_UNPACKING = pa.ipc.IpcReadOptions(use_threads=False)
"""Threads of Arrow's own cost a small block four times what is in it."""
_IN_DAY_BITS = 37
"""Of an instant within its day, in microseconds."""
_METERS_MAX = 1 << (63 - _IN_DAY_BITS)


def packed(readings: Sequence[Reading]) -> bytes:
    """A batch as Arrow's stream format, which carries its schema: whatever release reads it finds
    what is in it. Some 20 bytes a reading."""
    batch = pa.record_batch(
        [
            pa.array([each.meter_id for each in readings], pa.string()),
            pa.array([each.read_at for each in readings], _INSTANT),
            pa.array([each.import_wh for each in readings], pa.int64()),
            pa.array([each.received_at for each in readings], _INSTANT),
        ],
        schema=_PACKED,
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _PACKED, options=_PACKING) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()


def unpacked(blocks: Iterable[bytes]) -> pa.Table:
    """The readings of ``blocks``, as `packed` gave them, in their order and as often."""
    table = joined(blocks)
    read_at, received_at = (
        table[name].cast(pa.int64()).to_numpy() for name in (READ_AT, "received_at")
    )
    return pa.table(
        [
            table[METER_ID].dictionary_encode(),
            table[READ_AT],
            table[IMPORT_WH],
            # Rounded down, so that a second after and a second before are not one.
            pa.array((received_at - read_at) // SECOND_US),
        ],
        schema=SCHEMA,
    )


def packed_of_meter(blocks: Iterable[bytes], meter_id: str) -> list[Register]:
    """Those of one meter in ``blocks``, in their order and as often. Without a dictionary: to join
    those of many small blocks takes three times as long as all else."""
    table = joined(blocks)
    kept = table.filter(pc.equal(table[METER_ID], pa.scalar(meter_id)))
    at_us, wh = (kept[name].cast(pa.int64()).to_pylist() for name in (READ_AT, IMPORT_WH))
    return list(zip(at_us, wh, strict=True))


def joined(blocks: Iterable[bytes]) -> pa.Table:
    """The readings of ``blocks`` as they were packed, in their order and as often."""
    tables = [pa.ipc.open_stream(each, options=_UNPACKING).read_all() for each in blocks]
    return pa.concat_tables([_PACKED.empty_table(), *tables])


def placed(table: pa.Table) -> Iterator[tuple[Place, pa.Table]]:
    """The readings of each day and partition, sorted by meter and instant; places ascend."""
    if not len(table):
        return
    names, ranks, at_us = _keys(table)
    partitions = np.array(partitions_of(names), np.int64)
    days = at_us // DAY_US
    places = days * PARTITIONS + partitions[ranks]
    order = np.lexsort(((ranks << _IN_DAY_BITS) | at_us % DAY_US, places))
    table, places = table.take(pa.array(order)), places[order]
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(places)], strict=True):
        day, partition = divmod(int(places[start]), PARTITIONS)
        yield Place(utc_day_of(day * DAY_US), partition), table.slice(start, end - start)


def in_order(tables: Sequence[pa.Table]) -> pa.Table:
    """All readings of ``tables``, of one day, sorted by meter and instant."""
    table = pa.concat_tables(tables)
    _, ranks, at_us = _keys(table)
    key = (ranks << _IN_DAY_BITS) | at_us % DAY_US
    return table.take(pa.array(np.argsort(key, kind="stable")))


def table_of(meter_id: str, rows: Sequence[tuple[int, int, int]]) -> pa.Table:
    """A meter's instants (microseconds), registers and ``received_after_s``."""
    at_us, wh, after_s = zip(*rows, strict=True) if rows else ((), (), ())
    columns = [
        pa.array([meter_id] * len(rows), pa.string()),
        pa.array(at_us, _INSTANT),
        pa.array(wh, pa.int64()),
        pa.array(after_s, pa.int64()),
    ]
    return pa.table(columns, schema=FILE_SCHEMA).cast(SCHEMA)


def in_place(table: pa.Table, place: Place) -> bool:
    """Whether all readings of ``table`` belong there."""
    return all(found == place for found, _ in placed(table))


def totals(table: pa.Table) -> Totals:
    """What they come to. A table's registers sum to less than 2^63: each is at most 10 TWh, and a
    table has less than 900,000 rows."""
    return Totals(len(table), pc.sum(table[IMPORT_WH]).as_py() or 0)


def _keys(table: pa.Table) -> tuple[list[bytes], Int64s, Int64s]:
    """The meters' ids in order, of each row its meter's place among them, and its instant."""
    ids = table[METER_ID].unify_dictionaries().combine_chunks()
    assert len(ids.dictionary) < _METERS_MAX, "more meters than keys have bits for"
    order = pc.array_sort_indices(ids.dictionary)
    rank_of = np.empty(len(order), np.int64)
    rank_of[order.to_numpy()] = np.arange(len(order))
    names: list[bytes] = ids.dictionary.take(order).cast(pa.binary()).to_pylist()
    return names, rank_of[ids.indices.to_numpy()], table[READ_AT].cast(pa.int64()).to_numpy()
