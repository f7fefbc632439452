"""The archive in a bucket of S3, or of what speaks like it.

By pyarrow's own client, which comes with pyarrow: another library would bring another way to the
same files. Keys are where the AWS tools look for them (environment, profile, role).
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

from pyarrow import fs

_CONNECT_TIMEOUT_S = 5
_REQUEST_TIMEOUT_S = 60
_IN_MEMORY_MAX = 64 << 20
_ASKED = frozenset(("endpoint", "region"))


class S3Folder:
    """A `Folder`: an object is there once its upload is completed, whole or not at all."""

    def __init__(self, url: str) -> None:
        """``s3://BUCKET/PREFIX``, with ``?endpoint=http://HOST:PORT`` and ``&region=`` where it is
        not AWS. Raises ValueError."""
        parts = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.scheme != "s3" or not parts.netloc or not asked.keys() <= _ASKED:
            message = f"{url}: not s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=REGION"
            raise ValueError(message)
        endpoint = asked.get("endpoint")
        at = urlsplit(endpoint or "https:")
        self._root = f"{parts.netloc}{parts.path}".rstrip("/")
        self._s3 = fs.S3FileSystem(
            endpoint_override=at.netloc or None,
            scheme=at.scheme,
            region=asked.get("region"),
            connect_timeout=_CONNECT_TIMEOUT_S,
            request_timeout=_REQUEST_TIMEOUT_S,
        )

    @contextmanager
    def create(self, path: str) -> Generator[BinaryIO]:
        """There whole once the block has ended well; nothing is sent before that."""
        with SpooledTemporaryFile(max_size=_IN_MEMORY_MAX) as held:
            yield cast(BinaryIO, held)
            held.seek(0)
            with self._s3.open_output_stream(f"{self._root}/{path}") as sink:
                sink.write(held.read())

    def open(self, path: str) -> BinaryIO:
        """To be read."""
        return self._s3.open_input_file(f"{self._root}/{path}")

    def remove(self, path: str) -> None:
        """Whether it is there or not."""
        if self.exists(path):
            self._s3.delete_file(f"{self._root}/{path}")

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        return self._s3.get_file_info(f"{self._root}/{path}").type == fs.FileType.File

    def paths(self, under: str = "") -> Iterable[str]:
        """All files that hold readings, below ``under``."""
        at = f"{self._root}/{under}".rstrip("/")
        found = self._s3.get_file_info(fs.FileSelector(at, recursive=True, allow_not_found=True))
        start = len(self._root) + 1
        return sorted(
            each.path[start:]
            for each in found
            if each.type == fs.FileType.File and each.path.endswith(".parquet")
        )
