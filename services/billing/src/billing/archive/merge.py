"""Sorted readings of several files become one sorted stream, a bounded piece at a time.

No file is held whole: of each source one batch is in memory, or as many as its meter at the end
needs. A day of a million meters is merged in as much memory as one of a thousand.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from billing.archive.columns import METER_ID, SCHEMA, in_order


def merged(sources: Iterable[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """All readings of ``sources``, sorted by meter and instant, in tables of no fixed size.

    A source gives tables of one day, sorted alike from the first to the last.
    """
    open_sources = [_Source(tables) for tables in sources]
    while open_sources:
        # Of every meter before this one all readings are in hand: whatever a source gives next
        # is of its last meter or of one after it.
        unfinished = [each.last for each in open_sources if not each.exhausted]
        bound = min(unfinished, default=None)
        pieces = [each.take_before(bound) for each in open_sources]
        whole = [each for each in pieces if len(each)]
        if whole:
            yield in_order(whole)
        for each in open_sources:
            if not each.exhausted and each.last == bound:
                each.read_on()
        open_sources = [each for each in open_sources if not (each.exhausted and each.empty)]


def pieces_of(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` each; the last may have fewer."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += len(table)
        while count >= rows:
            joined = pa.concat_tables(held)
            yield joined.slice(0, rows)
            held = [joined.slice(rows)]
            count -= rows
    if count:
        yield pa.concat_tables(held)


class _Source:
    """What is in hand of one source, and its end."""

    def __init__(self, tables: Iterator[pa.Table]) -> None:
        self._tables = tables
        self._held = SCHEMA.empty_table()
        self.exhausted = False
        self.last = ""
        self.read_on()

    @property
    def empty(self) -> bool:
        """Whether nothing is in hand."""
        return not len(self._held)

    def read_on(self) -> None:
        """Take the next of its tables to what is in hand, or learn that there is none."""
        for table in self._tables:
            if len(table):
                self._held = pa.concat_tables([self._held, table])
                self.last = table[METER_ID][-1].as_py()
                return
        self.exhausted = True

    def take_before(self, bound: str | None) -> pa.Table:
        """What is in hand of the meters before ``bound``; all of it where that is none."""
        count = len(self._held) if bound is None else self._rows_before(bound)
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        return taken

    def _rows_before(self, bound: str) -> int:
        count = 0
        for chunk in self._held[METER_ID].chunks:
            earlier = np.array([name < bound for name in chunk.dictionary.to_pylist()], np.bool_)
            count += int(earlier[chunk.indices.to_numpy()].sum())
        return count
