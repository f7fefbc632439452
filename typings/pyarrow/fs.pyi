from collections.abc import Sequence
from enum import Enum
from typing import BinaryIO, overload

class FileType(Enum):
    NotFound = 0
    Unknown = 1
    File = 2
    Directory = 3

class FileInfo:
    path: str
    type: FileType
    size: int

class FileSelector:
    def __init__(
        self, base_dir: str, allow_not_found: bool = False, recursive: bool = False
    ) -> None: ...

class S3FileSystem:
    def __init__(
        self,
        *,
        endpoint_override: str | None = None,
        scheme: str | None = None,
        region: str | None = None,
        connect_timeout: float | None = None,
        request_timeout: float | None = None,
    ) -> None: ...
    def create_dir(self, path: str, *, recursive: bool = True) -> None: ...
    def delete_file(self, path: str) -> None: ...
    @overload
    def get_file_info(self, paths_or_selector: str) -> FileInfo: ...
    @overload
    def get_file_info(self, paths_or_selector: FileSelector) -> Sequence[FileInfo]: ...
    def open_input_file(self, path: str) -> BinaryIO: ...
    def open_output_stream(self, path: str) -> BinaryIO: ...
