"""A batch of readings as the bytes that are appended to the rows of meters and days.

A reading is one number, and a byte before it that says how many bytes it has and how it is put
together: the register, then the seconds since the day began where they are whole ones (17 bits),
else the microseconds (37 bits). That is 7 bytes for a reading on the second of a meter that has
counted up to 2 GWh.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from billing.readings.values import Reading
from prewatt_common.contracts import meter_readings_v1
from prewatt_metering.calendar.instants import DAY_US, SECOND_US, us_of, utc_day_of, utc_day_us

_SECOND_BITS, _MICROSECOND_BITS = 17, 37
_SECONDS, _MICROSECONDS = 2**_SECOND_BITS - 1, 2**_MICROSECOND_BITS - 1
_FINE = 0x80


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


def _packed(since_us: int, register_wh: int) -> bytes:
    seconds, rest_us = divmod(since_us, SECOND_US)
    if rest_us:
        number, head = register_wh << _MICROSECOND_BITS | since_us, _FINE
    else:
        number, head = register_wh << _SECOND_BITS | seconds, 0
    size = (number.bit_length() + 7) // 8
    return bytes((head | size,)) + number.to_bytes(size, "little")
