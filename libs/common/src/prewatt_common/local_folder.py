"""Files in a folder of this machine, or of a volume that is mounted there."""

import contextlib
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class LocalFolder:
    """A file is written under another name, made durable, then renamed: it is there whole or not at
    all. Paths are relative to ``root`` and have slashes."""

    def __init__(self, root: Path, *, is_private: bool = False) -> None:
        """``is_private``: files and folders that are made are their owner's alone (0600, 0700),
        whatever the umask; else the umask decides."""
        self._root = root
        self._is_private = is_private

    @contextmanager
    def create(self, path: str) -> Generator[BinaryIO]:
        """There whole, and after a power cut too, once the block has ended well."""
        final = self._root / path
        unfinished = _unfinished(final)
        self._make_folders(final.parent)
        try:
            with self._opened(unfinished) as sink:
                yield sink
                sink.flush()
                os.fsync(sink.fileno())
            unfinished.replace(final)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _make_durable(final.parent)

    def open(self, path: str) -> BinaryIO:
        """To be read."""
        return (self._root / path).open("rb")

    def make_durable(self, path: str) -> None:
        """A file that is there will be after a power cut too, also where who wrote it died right
        after naming it. Raises FileNotFoundError."""
        final = self._root / path
        _make_durable(final)
        for folder in final.parents:
            _make_durable(folder)
            if folder == self._root.parent:
                return

    def remove(self, path: str) -> None:
        """The file, and what a process that died left of writing it."""
        final = self._root / path
        for each in (final, _unfinished(final)):
            each.unlink(missing_ok=True)

    def exists(self, path: str) -> bool:
        """Whether it is there, whole."""
        return (self._root / path).exists()

    def paths(self, under: str = "") -> Iterable[str]:
        """All Parquet files below ``under``."""
        found = (self._root / under).rglob("*.parquet")
        return sorted(each.relative_to(self._root).as_posix() for each in found)

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        # Another process may have made it just now.
        with contextlib.suppress(FileExistsError):
            folder.mkdir(_PRIVATE_FOLDER if self._is_private else 0o777)
            if self._is_private:
                folder.chmod(_PRIVATE_FOLDER)
        _make_durable(folder.parent)

    def _opened(self, file: Path) -> BinaryIO:
        if not self._is_private:
            return file.open("wb")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        sink = os.fdopen(os.open(file, flags, _PRIVATE_FILE), "wb")
        # The umask takes from what was asked for; and one that is there has rights already.
        os.fchmod(sink.fileno(), _PRIVATE_FILE)
        return sink


def _unfinished(final: Path) -> Path:
    """Dotted: readers pass over such names."""
    return final.with_name(f".{final.name}.unfinished")


def _make_durable(file_or_folder: Path) -> None:
    """A name is in its folder after a power cut once the folder is synced."""
    descriptor = os.open(file_or_folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
