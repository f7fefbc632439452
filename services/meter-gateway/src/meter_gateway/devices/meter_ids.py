"""A set of meter ids that stays small: 16 bytes a meter, where Python's set of strings needs 100.

An id is kept as its 64-bit hash only. An unknown id is taken for a known one with a probability
of n / 2**64 (10 million meters: 5e-13), and Python's hash is keyed anew in each process, so
nobody can look for such an id beforehand.
"""

from array import array
from collections.abc import Iterable

_CAPACITY_MIN = 1 << 10
_HASH_BITS = 0xFFFF_FFFF_FFFF_FFFF


class MeterIds:
    """Grows only: a gateway's meters are never taken out of its memory."""

    def __init__(self) -> None:
        self._slots = _empty(_CAPACITY_MIN)
        self._mask = _CAPACITY_MIN - 1
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, meter_id: str) -> bool:
        wanted = _hash_of(meter_id)
        return self._slots[self._place(wanted)] == wanted

    def add(self, meter_ids: Iterable[str]) -> None:
        """Those that are there already change nothing."""
        for meter_id in meter_ids:
            if 3 * self._count >= 2 * (self._mask + 1):
                self._grow()
            wanted = _hash_of(meter_id)
            place = self._place(wanted)
            if not self._slots[place]:
                self._slots[place] = wanted
                self._count += 1

    def _place(self, wanted: int) -> int:
        """Where it is, or the empty slot where it belongs."""
        slots, mask = self._slots, self._mask
        place = wanted & mask
        while (found := slots[place]) and found != wanted:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = _empty(2 * len(old))
        self._mask = len(self._slots) - 1
        for kept in old:
            if kept:
                self._slots[self._place(kept)] = kept


def _empty(capacity: int) -> "array[int]":
    return array("Q", bytes(8 * capacity))


def _hash_of(meter_id: str) -> int:
    """Never 0, which marks an empty slot."""
    return hash(meter_id) & _HASH_BITS or 1
