"""A batch of readings as the bytes that are appended to the rows of meters and days.

A reading is one number, and a byte before it that says how many bytes it has and how it is put
together: the register, then the seconds since the day began where they are whole ones (17 bits),
else the microseconds (37 bits). That is 7 bytes for a reading on the second of a meter that has
counted up to 2 GWh.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from billing.readings.values import Columns, Reading
from prewatt_common.contracts import meter_readings_v1
from prewatt_metering.calendar.instants import DAY_US, SECOND_US, us_of, utc_day_of, utc_day_us

_SECOND_BITS, _MICROSECOND_BITS = 17, 37
_SECONDS, _MICROSECONDS = 2**_SECOND_BITS - 1, 2**_MICROSECOND_BITS - 1
_FINE = 0x80
_NUMBER_BYTES = 8


class Unpackable(ValueError):
    """Bytes that `packed_days` never made."""


class PackedDay(NamedTuple):
    """Readings of a meter and a UTC day; what two batches give may be joined."""

    meter_id: str
    day: date
    packed: bytes


def packed_days(readings: Iterable[meter_readings_v1.Reading]) -> Sequence[PackedDay]:
    """One a meter and day, in that order: rows are locked in the same order by everyone."""
    found: dict[tuple[str, int], bytearray] = {}
    for each in readings:
        day, since_us = divmod(us_of(each.read_at), DAY_US)
        found.setdefault((each.meter_id, day), bytearray()).extend(
            _packed(since_us, each.import_wh)
        )
    return [
        PackedDay(meter_id, utc_day_of(day * DAY_US), bytes(some))
        for (meter_id, day), some in sorted(found.items())
    ]


def unpacked(day: date, packed: bytes) -> list[Reading]:
    """The readings in a row's bytes, as often and in the order as they were put there. Raises
    `Unpackable`."""
    begin_us = utc_day_us(day)
    readings: list[Reading] = []
    place, end = 0, len(packed)
    while place < end:
        head = packed[place]
        begin, place = place + 1, place + 1 + (head & ~_FINE)
        number = int.from_bytes(packed[begin:place], "little")
        if head & _FINE:
            at_us = begin_us + (number & _MICROSECONDS)
            readings.append(Reading(at_us, number >> _MICROSECOND_BITS))
        else:
            at_us = begin_us + (number & _SECONDS) * SECOND_US
            readings.append(Reading(at_us, number >> _SECOND_BITS))
    if place != end:
        message = f"{end} bytes of {day} are no readings: the last would end at {place}"
        raise Unpackable(message)
    return readings


def unpacked_columns(days: Sequence[tuple[date, bytes]]) -> Columns:
    """All readings of rows. Raises `Unpackable`."""
    if not days:
        return Columns(np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = _alike(days)
    if found is not None:
        return found
    # A register that has grown by a byte: the days before are alike, and those after.
    parts = [_alike([each]) or _one_by_one(*each) for each in days]
    return Columns(
        np.concatenate([each.at_us for each in parts]),
        np.concatenate([each.register_wh for each in parts]),
    )


def _alike(days: Sequence[tuple[date, bytes]]) -> Columns | None:
    """Rows whose readings all begin with one head; none where they do not, or are too wide."""
    head = days[0][1][0]
    size = head & ~_FINE
    if size > _NUMBER_BYTES or any(len(packed) % (1 + size) for _, packed in days):
        return None
    joined = np.frombuffer(b"".join(packed for _, packed in days), np.uint8)
    matrix = joined.reshape(-1, 1 + size)
    if (matrix[:, 0] != head).any():
        return None
    wide = np.zeros((len(matrix), _NUMBER_BYTES), np.uint8)
    wide[:, :size] = matrix[:, 1:]
    number = wide.view("<u8")[:, 0]
    bits, unit_us = (_MICROSECOND_BITS, 1) if head & _FINE else (_SECOND_BITS, SECOND_US)
    since = (number & np.uint64(2**bits - 1)).astype(np.int64) * unit_us
    counts = [len(packed) // (1 + size) for _, packed in days]
    begin_us = np.repeat(np.array([utc_day_us(day) for day, _ in days], np.int64), counts)
    return Columns(begin_us + since, (number >> np.uint64(bits)).astype(np.int64))


def _one_by_one(day: date, packed: bytes) -> Columns:
    readings = unpacked(day, packed)
    return Columns(
        np.array([each.at_us for each in readings], np.int64),
        np.array([each.register_wh for each in readings], np.int64),
    )


def _packed(since_us: int, register_wh: int) -> bytes:
    seconds, rest_us = divmod(since_us, SECOND_US)
    if rest_us:
        number, head = register_wh << _MICROSECOND_BITS | since_us, _FINE
    else:
        number, head = register_wh << _SECOND_BITS | seconds, 0
    size = (number.bit_length() + 7) // 8
    return bytes((head | size,)) + number.to_bytes(size, "little")
