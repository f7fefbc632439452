from collections.abc import Iterator, Mapping, Sequence
from io import RawIOBase
from types import TracebackType
from typing import Any, BinaryIO

from pyarrow import RecordBatch, Schema, Table

class ParquetWriter:
    def __init__(
        self,
        where: BinaryIO | RawIOBase,
        schema: Schema,
        *,
        version: str = "2.6",
        compression: str = "snappy",
        compression_level: int | None = None,
        use_dictionary: bool | Sequence[str] = True,
        column_encoding: Mapping[str, str] | None = None,
        store_schema: bool = True,
    ) -> None: ...
    def __enter__(self) -> ParquetWriter: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def write_table(self, table: Table, row_group_size: int | None = None) -> None: ...

class FileMetaData:
    num_rows: int
    num_row_groups: int
    def row_group(self, i: int) -> Any: ...

class ParquetFile:
    metadata: FileMetaData
    def __init__(
        self,
        source: BinaryIO,
        *,
        read_dictionary: Sequence[str] | None = None,
        pre_buffer: bool = False,
    ) -> None: ...
    def __enter__(self) -> ParquetFile: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def iter_batches(
        self,
        batch_size: int = 65536,
        row_groups: Sequence[int] | None = None,
        use_threads: bool = True,
    ) -> Iterator[RecordBatch]: ...
    def read_row_group(
        self, i: int, columns: Sequence[str] | None = None, use_threads: bool = True
    ) -> Table: ...
    def read_row_groups(
        self,
        row_groups: Sequence[int],
        columns: Sequence[str] | None = None,
        use_threads: bool = True,
    ) -> Table: ...

def read_metadata(where: BinaryIO) -> FileMetaData: ...
