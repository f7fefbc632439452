"""A batch of readings as the bytes that are appended to the rows of meters and days.

A reading is one number, and a byte before it that says how many bytes it has and how it is put
together: the register, then the seconds since the day began where they are whole ones (17 bits),
else the microseconds (37 bits). That is 7 bytes for a reading on the second of a meter that has
counted up to 2 GWh.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from billing.readings.values import Columns, Reading
from prewatt_common.contracts import meter_readings_v1
from prewatt_metering.calendar.instants import DAY_US, EPOCH, SECOND_US, utc_day_of, utc_day_us

_SECOND_BITS, _MICROSECOND_BITS = 17, 37
_SECONDS, _MICROSECONDS = 2**_SECOND_BITS - 1, 2**_MICROSECOND_BITS - 1
_FINE = 0x80
_COARSE_WH_MAX = 2 ** (64 - _SECOND_BITS) - 1
"""What fits beside seconds into 64 bits."""
_NUMBER_BYTES = 8
_POWERS = np.array([256**each for each in range(_NUMBER_BYTES)], np.uint64)


class Unpackable(ValueError):
    """Bytes that `packed_days` never made."""


class PackedDay(NamedTuple):
    """Readings of a meter and a UTC day; what two batches give may be joined."""

    meter_id: str
    day: date
    packed: bytes


def packed_days(readings: Sequence[meter_readings_v1.Reading]) -> Sequence[PackedDay]:
    """One a meter and day, by days and in each by meters: rows are locked in the same order by
    everyone."""
    found: dict[int, dict[str, bytes]] = {}
    since = [each.read_at - EPOCH for each in readings]
    numbers = _packed_numbers(since, [each.import_wh for each in readings])
    for each, elapsed, packed in zip(readings, since, numbers, strict=True):
        of_day = found.setdefault(elapsed.days, {})
        before = of_day.get(each.meter_id)
        of_day[each.meter_id] = packed if before is None else before + packed
    rows: list[PackedDay] = []
    for number, of_day in sorted(found.items()):
        day = utc_day_of(number * DAY_US)
        rows += [PackedDay(meter_id, day, of_day[meter_id]) for meter_id in sorted(of_day)]
    return rows


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


def _packed_numbers(since: Sequence[timedelta], registers_wh: Sequence[int]) -> list[bytes]:
    """All at once where their numbers fit into 64 bits; the days of ``since`` are left out."""
    if any(each.microseconds for each in since) or max(registers_wh, default=0) > _COARSE_WH_MAX:
        return list(map(_packed, since, registers_wh))
    number = np.array(registers_wh, np.uint64) << np.uint64(_SECOND_BITS)
    number |= np.array([each.seconds for each in since], np.uint64)
    # Bytes that it has: how many powers of 256, from 1 on, it is not below.
    sizes = np.searchsorted(_POWERS, number, side="right")
    matrix = np.empty((len(number), 1 + _NUMBER_BYTES), np.uint8)
    matrix[:, 0] = sizes
    matrix[:, 1:] = number.astype("<u8")[:, None].view(np.uint8)
    joined, width = matrix.tobytes(), matrix.shape[1]
    return [
        joined[begin : begin + 1 + size]
        for begin, size in zip(range(0, len(joined), width), sizes.tolist(), strict=True)
    ]


def _packed(since: timedelta, register_wh: int) -> bytes:
    if since.microseconds:
        us = since.seconds * SECOND_US + since.microseconds
        number, head = register_wh << _MICROSECOND_BITS | us, _FINE
    else:
        number, head = register_wh << _SECOND_BITS | since.seconds, 0
    size = (number.bit_length() + 7) // 8
    return bytes((head | size,)) + number.to_bytes(size, "little")
