"""Merkle trees as RFC 9162 builds them: one hash for many rows, and a short proof for one of them.

Rows are hashed in a canonical form, so that whoever has a row and a root can check without us.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec

_LEAF, _NODE = b"\x00", b"\x01"
_encoder = msgspec.json.Encoder(order="sorted")


def canonical(row: object) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8; instants, dates and UUIDs as text (ISO 8601,
    RFC 9562). With keys in ASCII and integers up to 2^53 that is RFC 8785.

    >>> canonical({"b": 1, "a": "ü"})
    b'{"a":"\\xc3\\xbc","b":1}'
    """
    return _encoder.encode(row)


def leaf_hash(row: bytes) -> bytes:
    """Of one row (RFC 9162, 2.1.1). What begins a leaf never begins a node."""
    return sha256(_LEAF + row).digest()


class Root:
    """The root of a tree that grows leaf by leaf, in the memory of one path."""

    def __init__(self) -> None:
        self.count = 0
        self._whole: list[bytes] = []  # of the whole subtrees from the left, the largest first

    def add(self, leaf: bytes) -> None:
        """One more leaf hash, to the right."""
        self.count += 1
        here, bits = leaf, self.count
        while bits % 2 == 0:
            here, bits = _node(self._whole.pop(), here), bits // 2
        self._whole.append(here)

    def hash(self) -> bytes:
        """The root as it is now; without a leaf, the hash of nothing."""
        if not self._whole:
            return sha256(b"").digest()
        here = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            here = _node(left, here)
        return here


def root_hash(leaves: Iterable[bytes]) -> bytes:
    """Of a tree over leaf hashes, in their order."""
    root = Root()
    for leaf in leaves:
        root.add(leaf)
    return root.hash()


def inclusion_proof(leaves: Sequence[bytes], number: int) -> list[bytes]:
    """The hashes that lead from leaf ``number`` to the root, lowest first (RFC 9162, 2.1.3).

    Raises IndexError where there is no such leaf.
    """
    if not 0 <= number < len(leaves):
        message = f"a tree of {len(leaves)} leaves has no leaf {number}"
        raise IndexError(message)
    proof: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        beside = number ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level, number = _parents(level), number // 2
    return proof


def proves(*, leaf: bytes, number: int, count: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` leads from leaf ``number`` of ``count`` to ``root`` (RFC 9162, 2.1.3.2)."""
    if not 0 <= number < count:
        return False
    here, last, left = leaf, count - 1, list(reversed(proof))
    while last:
        # Where nothing stands to the right of the last one, it goes up as it is.
        if number % 2 or number < last:
            if not left:
                return False
            beside = left.pop()
            here = _node(beside, here) if number % 2 else _node(here, beside)
        number, last = number // 2, last // 2
    return not left and here == root


def _parents(level: list[bytes]) -> list[bytes]:
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return pairs + level[-1:] if len(level) % 2 else pairs


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
