"""An export: a day's rows in the canonical text that the seal hashed, a line each, in the order of
the seal. Packed by gzip, `ROWS_A_CHUNK` lines at a time one after another, so that ``gzip -dc``
shows all of it, and one meter's row is found without the rest.

The same rows give the same bytes: no time and no name is in them.
"""

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import BinaryIO

import msgspec

from prepay_ledger.retention.values import ROWS_A_CHUNK, Chunk, Export
from prewatt_common.merkle import Root, leaf_hash, root_hash

_LEVEL = 6
_BLOCK = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS


class NotTheExport(ValueError):
    """A file that is no export, or not the one that it should be; the message says why."""


class _Row(msgspec.Struct):
    meter_id: str
    packed: str
    table: str


_row = msgspec.json.Decoder(_Row).decode


class ExportWriter:
    """Writes rows, in the order of the seal, to ``sink``."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._lines: list[bytes] = []
        self._root = Root()

    def add(self, text: bytes) -> None:
        """The next row's canonical text."""
        self._root.add(leaf_hash(text))
        self._lines.append(text)
        if len(self._lines) == ROWS_A_CHUNK:
            self._write()

    def end(self) -> tuple[int, bytes]:
        """Rows, and the root of the tree over them, once the last one was added."""
        self._write()
        return self._root.count, self._root.hash()

    def _write(self) -> None:
        if self._lines:
            text = b"".join(line + b"\n" for line in self._lines)
            self._sink.write(gzip.compress(text, _LEVEL, mtime=0))
            self._lines.clear()


def read_export(source: BinaryIO) -> Export:
    """What a file holds, from its bytes alone; a chunk at a time in memory. Raises `NotTheExport`
    and OSError."""
    hashed, size = sha256(), 0
    rows, root, last = 0, Root(), ""
    chunks: list[Chunk] = []
    for begin, raw, text in _members(source):
        hashed.update(raw)
        size = begin + len(raw)
        if rows % ROWS_A_CHUNK:
            message = f"a chunk before byte {begin} has fewer rows than {ROWS_A_CHUNK}"
            raise NotTheExport(message)
        lines = _lines(text)
        leaves = [leaf_hash(line) for line in lines]
        first = ""
        for line, leaf in zip(lines, leaves, strict=True):
            meter_id = _decoded(line).meter_id
            if rows and meter_id <= last:
                message = f"meter {meter_id} comes after {last}"
                raise NotTheExport(message)
            first, last = first or meter_id, meter_id
            root.add(leaf)
            rows += 1
        chunks.append(Chunk(first, begin, root_hash(leaves)))
    return Export(rows=rows, root=root.hash(), chunks=chunks, sha256=hashed.digest(), size=size)


def rows_of(
    source: BinaryIO, export: Export, meter_ids: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    """Those meters' readings, packed, of the file that ``export`` is of; no more of it is read than
    the chunks that may have them. Raises `NotTheExport` where one is not what was sealed, and
    OSError."""
    if root_hash(each.root for each in export.chunks) != export.root:
        message = "the roots that are kept of its chunks do not come to the root of the seal"
        raise NotTheExport(message)
    firsts = [each.first_meter for each in export.chunks]
    ends = [*(each.begin for each in export.chunks[1:]), export.size]
    places = {bisect_right(firsts, meter_id) - 1 for meter_id in meter_ids}
    for place in sorted(places - {-1}):
        chunk = export.chunks[place]
        source.seek(chunk.begin)
        lines = _lines(_unpacked(source.read(ends[place] - chunk.begin)))
        if root_hash(leaf_hash(line) for line in lines) != chunk.root:
            message = f"its rows from meter {chunk.first_meter} on are not what was sealed"
            raise NotTheExport(message)
        yield from _wanted(lines, meter_ids)


def _wanted(lines: Iterable[bytes], meter_ids: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for line in lines:
        row = _decoded(line)
        if row.meter_id in meter_ids:
            yield row.meter_id, bytes.fromhex(row.packed)


def _members(source: BinaryIO) -> Iterator[tuple[int, bytes, bytes]]:
    """Of each chunk where it begins, its bytes as they are, and what they unpack to."""
    begin, waiting = 0, b""
    while waiting := waiting or source.read(_BLOCK):
        unpacker = zlib.decompressobj(_GZIP)
        raw, text = [waiting], [_inflated(unpacker.decompress, waiting)]
        while not unpacker.eof:
            if not (block := source.read(_BLOCK)):
                message = "it ends within a chunk"
                raise NotTheExport(message)
            raw.append(block)
            text.append(_inflated(unpacker.decompress, block))
        waiting = unpacker.unused_data
        whole = b"".join(raw)
        whole = whole[: len(whole) - len(waiting)]
        yield begin, whole, b"".join(text)
        begin += len(whole)


def _inflated(inflate: Callable[[bytes], bytes], block: bytes) -> bytes:
    try:
        return inflate(block)
    except zlib.error as error:
        message = f"it is not packed as exports are: {error}"
        raise NotTheExport(message) from error


def _unpacked(raw: bytes) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        message = f"it is not packed as exports are: {error}"
        raise NotTheExport(message) from error


def _lines(text: bytes) -> Sequence[bytes]:
    return text.split(b"\n")[:-1]


def _decoded(line: bytes) -> _Row:
    try:
        return _row(line)
    except msgspec.DecodeError as error:
        message = f"a line is no row: {error}"
        raise NotTheExport(message) from error
