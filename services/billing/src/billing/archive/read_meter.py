"""One meter's readings out of a file that holds those of thousands.

A file is sorted by meter and its row groups say between which meters they lie, so one row group is
decoded, or two where the meter's readings are at an edge: some 32,768 of 600,000 readings.
"""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from billing.archive.columns import IMPORT_WH, METER_ID, READ_AT, Register
from billing.archive.ports import Folder

_VALUES = (READ_AT, IMPORT_WH)


def readings_of_meter(folder: Folder, path: str, meter_id: str) -> list[Register]:
    """In the file's order, as often as they are there. Raises OSError, FileNotFoundError where the
    file is gone, and `pyarrow.ArrowInvalid` for what is no such file."""
    with (
        closing(folder.open(path)) as source,
        pq.ParquetFile(source, read_dictionary=[METER_ID], pre_buffer=False) as file,
    ):
        groups = list(groups_between(file.metadata, meter_id, meter_id))
        if not groups:
            return []
        columns = [METER_ID, *_VALUES]
        table = file.read_row_groups(groups, columns=columns, use_threads=False)
    ids = table[METER_ID].unify_dictionaries().combine_chunks()
    # By its place in the dictionary: to compare every row's text takes longer than to read it.
    rows = np.flatnonzero(ids.indices.to_numpy() == ids.dictionary.index(meter_id).as_py())
    at_us, wh = (table[name].cast(pa.int64()).to_numpy()[rows].tolist() for name in _VALUES)
    return list(zip(at_us, wh, strict=True))


def groups_between(metadata: pq.FileMetaData, first: str, last: str) -> Iterator[int]:
    """The row groups that meters from ``first`` to ``last`` may be in, by their least and greatest
    meter. Ids are ASCII, so text is in the order of its bytes, as the file is."""
    for number in range(metadata.num_row_groups):
        bounds = metadata.row_group(number).column(0).statistics
        if bounds is None or not bounds.has_min_max or (bounds.min <= last and first <= bounds.max):
            yield number
