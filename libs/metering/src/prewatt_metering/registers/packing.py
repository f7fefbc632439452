"""Readings as bytes, so that a day of a meter is one row and not a hundred."""

from collections.abc import Iterable

from prewatt_metering.registers.readings import Quality, Reading

_SECOND_US = 1_000_000
WHOLE_SECOND = 0x10
BEFORE_BASE = 0x20
NEGATIVE = 0x40
_QUALITIES = 0x0F


class Unpackable(ValueError):
    """Bytes that `pack` never made."""


def pack(readings: Iterable[Reading], *, base_us: int) -> bytes:
    """``readings`` one after another, in their order; what two calls give may be joined.

    Each is a byte that says its quality and how the rest is to be read, its distance from
    ``base_us`` (in seconds where it is whole ones) and its register, both as LEB128: 8 bytes for a
    reading on the second, of a meter that has counted up to 268 MWh.

    >>> len(pack([Reading(1_767_225_600_000_000, 12_345_678)], base_us=1_767_200_000_000_000))
    8
    """
    packed = bytearray()
    for at_us, register_wh, quality in readings:
        flags, distance, size_wh = int(quality), at_us - base_us, register_wh
        if distance < 0:
            flags, distance = flags | BEFORE_BASE, -distance
        if distance % _SECOND_US == 0:
            flags, distance = flags | WHOLE_SECOND, distance // _SECOND_US
        if size_wh < 0:
            flags, size_wh = flags | NEGATIVE, -size_wh
        packed.append(flags)
        _put_leb128(packed, distance)
        _put_leb128(packed, size_wh)
    return bytes(packed)


def unpack(packed: bytes, *, base_us: int) -> list[Reading]:
    """The readings in ``packed``, as often and in the order as they were put there.

    Raises `Unpackable`.
    """
    readings: list[Reading] = []
    place, end = 0, len(packed)
    try:
        while place < end:
            flags = packed[place]
            after, place = _leb128(packed, place + 1)
            register_wh, place = _leb128(packed, place)
            if flags & WHOLE_SECOND:
                after *= _SECOND_US
            readings.append(
                Reading(
                    base_us - after if flags & BEFORE_BASE else base_us + after,
                    -register_wh if flags & NEGATIVE else register_wh,
                    _OF_NUMBER[flags & _QUALITIES],
                )
            )
    except (IndexError, KeyError) as error:
        message = f"{end} bytes are no readings: they end or go wrong at {place}"
        raise Unpackable(message) from error
    return readings


_OF_NUMBER = {int(each): each for each in Quality}


def _put_leb128(packed: bytearray, value: int) -> None:
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)


def _leb128(packed: bytes, place: int) -> tuple[int, int]:
    """The number that begins at ``place``, and where what follows it does."""
    byte = packed[place]
    if byte < 0x80:
        return byte, place + 1
    value, shift = byte & 0x7F, 7
    while True:
        place += 1
        byte = packed[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
