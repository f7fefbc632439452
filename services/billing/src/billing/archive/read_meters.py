"""Readings of some hundred meters out of files that hold those of thousands, as numbers in columns.

Meters go by numbers of the reader's own, so that nothing after this handles text: a row group's
dictionary is looked up once, some 340 ids for 32,768 readings.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from billing.archive.columns import IMPORT_WH, METER_ID, READ_AT, joined
from billing.archive.layout import partition_of
from billing.archive.ports import Folder
from billing.archive.read_meter import groups_between

NUMBERED = pa.schema(
    [
        pa.field("meter", pa.int32(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("wh", pa.int64(), nullable=False),
    ]
)
"""``meter`` by its number, ``at`` in microseconds UTC since 1970, ``wh`` the register."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Some meters of a partition by their numbers, one at least."""

    numbers: Mapping[str, int]
    first: str
    last: str


def wanted_of(numbers: Mapping[str, int]) -> dict[int, Wanted]:
    """``numbers`` by the partitions that the meters are in."""
    found: dict[int, dict[str, int]] = {}
    for meter_id, number in numbers.items():
        found.setdefault(partition_of(meter_id), {})[meter_id] = number
    return {each: Wanted(some, min(some), max(some)) for each, some in found.items()}


def readings_of_meters(folder: Folder, path: str, wanted: Wanted) -> Iterator[pa.RecordBatch]:
    """Those of ``wanted``, a row group at a time, as often as they are there. Raises OSError,
    FileNotFoundError where the file is gone, and `pyarrow.ArrowInvalid` for what is no such
    file."""
    with (
        closing(folder.open(path)) as source,
        pq.ParquetFile(source, read_dictionary=[METER_ID], pre_buffer=False) as file,
    ):
        for group in groups_between(file.metadata, wanted.first, wanted.last):
            columns = [METER_ID, READ_AT, IMPORT_WH]
            table = file.read_row_group(group, columns=columns, use_threads=False)
            yield from _numbered(table, wanted.numbers)


def packed_of_meters(
    blocks: Iterable[bytes], numbers: Mapping[str, int]
) -> Sequence[pa.RecordBatch]:
    """The same of what waits in the database, as `billing.archive.columns.packed` gave it."""
    table = joined(blocks)
    ids = table[METER_ID].dictionary_encode()
    return list(_numbered(table.set_column(0, METER_ID, ids), numbers))


def _numbered(table: pa.Table, numbers: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    if not len(table):
        return
    ids = table[METER_ID].unify_dictionaries().combine_chunks()
    number_of = np.array([numbers.get(each, -1) for each in ids.dictionary.to_pylist()], np.int32)
    meters = number_of[ids.indices.to_numpy()]
    wanted = np.flatnonzero(meters >= 0)
    if not len(wanted):
        return
    at, wh = (table[name].cast(pa.int64()).to_numpy() for name in (READ_AT, IMPORT_WH))
    if len(wanted) < len(meters):
        meters, at, wh = meters[wanted], at[wanted], wh[wanted]
    yield pa.record_batch([pa.array(meters), pa.array(at), pa.array(wh)], schema=NUMBERED)
