"""Tables into a Parquet file and out of one, with the encodings that the layout states."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from billing.archive.columns import (
    FILE_SCHEMA,
    IMPORT_WH,
    METER_ID,
    READ_AT,
    RECEIVED_AFTER_S,
    SCHEMA,
    totals,
)
from billing.archive.merge import pieces_of
from billing.archive.ports import Folder
from billing.archive.values import NOTHING, ArchiveFile, Level, Place, Totals

ROW_GROUP_READINGS = 32_768
"""Some 340 meters with 96 readings each: what is read to find one meter."""
_BATCH_READINGS = 4_096
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a file came to."""

    totals: Totals
    size_bytes: int
    sha256: bytes

    def file(self, path: str, *, place: Place, level: Level, at: datetime) -> ArchiveFile:
        """It in the manifest, live since ``at``."""
        return ArchiveFile(
            path=path,
            place=place,
            level=level,
            totals=self.totals,
            size_bytes=self.size_bytes,
            sha256=self.sha256,
            live_since=at,
        )


class _Hashing(RawIOBase):
    """Passes bytes on, and knows what went through."""

    def __init__(self, sink: BinaryIO) -> None:
        super().__init__()
        self._sink = sink
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size_bytes

    def write(self, data: object) -> int:
        view = memoryview(data)  # pyright: ignore[reportArgumentType] - what pyarrow gives
        self._sink.write(view)
        self._sha256.update(view)
        self.size_bytes += view.nbytes
        return view.nbytes

    def digest(self) -> bytes:
        return self._sha256.digest()


def write_file(folder: Folder, path: str, tables: Iterable[pa.Table]) -> Written:
    """``tables`` one after another, each piece of `ROW_GROUP_READINGS` a row group. Raises OSError.

    Encodings that every reader has: dictionaries for ids and delays; deltas for instants, which
    come at a pace; registers plain, which zstd packs better than deltas with a meter's jump among
    them (1.9 against 3.0 bytes).
    """
    sums = NOTHING
    with folder.create(path) as sink:
        hashing = _Hashing(sink)
        with pq.ParquetWriter(
            hashing,
            FILE_SCHEMA,
            version="2.6",
            compression="zstd",
            compression_level=3,
            use_dictionary=[METER_ID, RECEIVED_AFTER_S],
            column_encoding={READ_AT: "DELTA_BINARY_PACKED", IMPORT_WH: "PLAIN"},
            store_schema=False,
        ) as writer:
            for piece in pieces_of(tables, ROW_GROUP_READINGS):
                # A piece's dictionary may name all meters there are: the file's own names its own.
                writer.write_table(piece.cast(FILE_SCHEMA), row_group_size=ROW_GROUP_READINGS)
                sums += totals(piece)
    return Written(totals=sums, size_bytes=hashing.size_bytes, sha256=hashing.digest())


def read_file(folder: Folder, path: str) -> Iterator[pa.Table]:
    """A file's readings in its order, some thousand at a time. Raises OSError, and
    `pyarrow.ArrowInvalid` for what is no such file."""
    with (
        closing(folder.open(path)) as source,
        pq.ParquetFile(source, read_dictionary=[METER_ID], pre_buffer=False) as file,
    ):
        for batch in file.iter_batches(batch_size=_BATCH_READINGS, use_threads=False):
            yield pa.Table.from_batches([batch]).cast(SCHEMA)


def hash_file(folder: Folder, path: str) -> tuple[int, bytes]:
    """A file's bytes: how many, and their SHA-256. Raises OSError."""
    sha256 = hashlib.sha256()
    size_bytes = 0
    with closing(folder.open(path)) as source:
        while part := source.read(_COPY_BYTES):
            sha256.update(part)
            size_bytes += len(part)
    return size_bytes, sha256.digest()


def rows_of(folder: Folder, path: str) -> int:
    """How many readings a file says that it has. Raises OSError and `pyarrow.ArrowInvalid`."""
    with closing(folder.open(path)) as source:
        return pq.read_metadata(source).num_rows
