"""A table as it stands against what its seal kept of it."""

from collections.abc import Iterable

from prewatt_common.merkle import Root

PREFIX_BYTES = 8
"""Of each leaf hash, kept to name the row that differs. The proof is the root."""
LEAVES_A_CHUNK = 1_024


class Leaves:
    """Collects a table's leaves while it is sealed: the root, and prefixes in chunks."""

    def __init__(self) -> None:
        self._root = Root()
        self._prefixes = bytearray()

    def add(self, leaf: bytes) -> None:
        """The next row's leaf hash."""
        self._root.add(leaf)
        self._prefixes += leaf[:PREFIX_BYTES]

    @property
    def rows(self) -> int:
        """How many."""
        return self._root.count

    @property
    def root(self) -> bytes:
        """Of the tree over them."""
        return self._root.hash()

    def chunks(self) -> list[bytes]:
        """The prefixes, at most `LEAVES_A_CHUNK` each."""
        size = PREFIX_BYTES * LEAVES_A_CHUNK
        return [bytes(self._prefixes[at : at + size]) for at in range(0, len(self._prefixes), size)]


class Comparing:
    """Follows a table's rows beside the prefixes of its seal; says where they part first."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._kept = b"".join(chunks)
        self._root = Root()
        self._odd: tuple[str, bytes, int] | None = None  # key, leaf, place
        self._added = False
        self._last = ""

    def add(self, key: str, leaf: bytes) -> None:
        """The next row."""
        place = self._root.count
        self._root.add(leaf)
        if self._odd is None:
            if leaf[:PREFIX_BYTES] != self._kept_at(place):
                self._odd = (key, leaf, place)
            else:
                self._last = key
        elif place == self._odd[2] + 1:
            # What stood here has moved on by one.
            self._added = leaf[:PREFIX_BYTES] == self._kept_at(place - 1)

    @property
    def root(self) -> bytes:
        """Of the rows as they stand."""
        return self._root.hash()

    def difference(self) -> str:
        """The first row that differs, in words; empty where the prefixes are all as they were."""
        kept = len(self._kept) // PREFIX_BYTES
        if self._odd is None:
            if self._root.count < kept:
                missing = kept - self._root.count
                after = f"after {self._last}" if self._last else "all there were"
                return f"{missing} rows are missing, {after}"
            return ""
        key, leaf, place = self._odd
        if self._added or place >= kept:
            return f"row {key} was added"
        if leaf[:PREFIX_BYTES] == self._kept_at(place + 1):
            return f"a row before {key} is missing"
        return f"row {key} is not what was sealed"

    def _kept_at(self, place: int) -> bytes:
        return self._kept[place * PREFIX_BYTES : (place + 1) * PREFIX_BYTES]
