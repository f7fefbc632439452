"""Readings that leave the archive, as a file for people or for other tools."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from billing.archive.columns import FILE_SCHEMA, READ_AT


async def export_to(out: Path, tables: AsyncIterator[pa.Table]) -> int:
    """Write ``tables`` to ``out`` as its name says, there whole or not at all; gives how many
    readings. Raises OSError, and ValueError for a name that ends otherwise."""
    if out.suffix not in _WRITERS:
        message = f"{out}: its name must end in {' or '.join(_WRITERS)}"
        raise ValueError(message)
    unfinished = out.with_name(f".{out.name}.unfinished")
    readings = 0
    try:
        with unfinished.open("wb") as sink, _WRITERS[out.suffix](sink, FILE_SCHEMA) as writer:
            async for table in tables:
                writer.write_table(table.cast(FILE_SCHEMA))
                readings += len(table)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return readings


_CSV_SCHEMA = FILE_SCHEMA.set(1, pa.field(READ_AT, pa.string()))


class _CsvWriter:
    """Instants as ISO 8601, which every reader knows."""

    def __init__(self, sink: BinaryIO, _: pa.Schema) -> None:
        self._writer = csv.CSVWriter(
            sink, _CSV_SCHEMA, write_options=csv.WriteOptions(quoting_style="needed")
        )

    def __enter__(self) -> "_CsvWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write_table(self, table: pa.Table) -> None:
        texts = pc.strftime(table[READ_AT], format="%Y-%m-%dT%H:%M:%SZ")
        self._writer.write_table(table.set_column(1, READ_AT, texts))


_WRITERS: dict[str, Callable[[BinaryIO, pa.Schema], Any]] = {
    ".csv": _CsvWriter,
    ".parquet": pq.ParquetWriter,
}
