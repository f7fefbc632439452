"""`pack` for the readings of many meters at once: arrays in, bytes by meter out, the same bytes."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from prewatt_metering.calendar.instants import SECOND_US
from prewatt_metering.registers.packing import BEFORE_BASE, NEGATIVE, WHOLE_SECOND

_Ints = NDArray[np.int64]
_Bytes = NDArray[np.uint8]
_Bools = NDArray[np.bool_]


def pack_many(*, at_us: _Ints, register_wh: _Ints, counts: _Ints, base_us: int) -> list[bytes]:
    """What `pack` makes of each meter's measured readings. ``counts``: how many each has, at least
    one; they lie one after another, in the order in which they are to be packed.

    >>> pack_many(at_us=np.array([60_000_000]), register_wh=np.array([300]), counts=np.array([1]),
    ...           base_us=0)
    [b'\\x10<\\xac\\x02']
    """
    if not len(counts):
        return []
    distance_us = at_us - base_us
    is_before, is_negative = distance_us < 0, register_wh < 0
    distance_us = np.abs(distance_us)
    is_whole = distance_us % SECOND_US == 0
    flags = is_whole * WHOLE_SECOND + is_before * BEFORE_BASE + is_negative * NEGATIVE
    distances, of_distance = _leb128(np.where(is_whole, distance_us // SECOND_US, distance_us))
    registers, of_register = _leb128(np.abs(register_wh))
    everything = np.hstack([flags[:, None].astype(np.uint8), distances, registers])
    is_used = np.hstack([np.ones((len(flags), 1), np.bool_), of_distance, of_register])
    packed = everything[is_used].tobytes()
    sizes = np.add.reduceat(is_used.sum(axis=1), np.cumsum(counts) - counts)
    ends: list[int] = np.cumsum(sizes).tolist()
    return [packed[begin:end] for begin, end in pairwise([0, *ends])]


def _leb128(values: _Ints) -> tuple[_Bytes, _Bools]:
    """Of each value a row of bytes, and which of them are used. None is below zero."""
    width = max(1, -(-int(values.max()).bit_length() // 7))
    rest = values[:, None] >> (7 * np.arange(width))
    is_used = rest > 0
    is_used[:, 0] = True
    goes_on = np.zeros_like(is_used)
    goes_on[:, :-1] = is_used[:, 1:]
    return (rest & 0x7F | goes_on * 0x80).astype(np.uint8), is_used
