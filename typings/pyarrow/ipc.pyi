from types import TracebackType

from pyarrow import BufferOutputStream, RecordBatch, Schema, Table

class IpcWriteOptions:
    def __init__(self, *, compression: str | None = None) -> None: ...

class IpcReadOptions:
    def __init__(self, *, use_threads: bool = True) -> None: ...

class RecordBatchStreamWriter:
    def __enter__(self) -> RecordBatchStreamWriter: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def write_batch(self, batch: RecordBatch) -> None: ...

class RecordBatchStreamReader:
    def read_all(self) -> Table: ...

def new_stream(
    sink: BufferOutputStream, schema: Schema, *, options: IpcWriteOptions | None = None
) -> RecordBatchStreamWriter: ...
def open_stream(
    source: bytes, *, options: IpcReadOptions | None = None
) -> RecordBatchStreamReader: ...
