"""A batch of readings as the bytes that are appended to the rows of meters and days."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from prewatt_common.contracts import meter_readings_v1
from prewatt_metering.calendar.instants import DAY_US, us_of
from prewatt_metering.registers.packing import pack, unpack
from prewatt_metering.registers.readings import Reading

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class PackedDay(NamedTuple):
    """Readings of a meter and a UTC day, as `pack` gives them from the day's first instant."""

    meter_id: str
    day: date
    packed: bytes


def packed_days(readings: Iterable[meter_readings_v1.Reading]) -> Sequence[PackedDay]:
    """One a meter and day, in that order: rows are locked in the same order by everyone."""
    found: dict[tuple[str, int], list[Reading]] = {}
    for each in readings:
        at_us = us_of(each.read_at)
        found.setdefault((each.meter_id, at_us // DAY_US), []).append(
            Reading(at_us, each.import_wh)
        )
    return [
        PackedDay(meter_id, date.fromordinal(_EPOCH_DAY + day), pack(some, base_us=day * DAY_US))
        for (meter_id, day), some in sorted(found.items())
    ]


def unpacked(day: date, packed: bytes) -> list[Reading]:
    """The readings in a row's bytes. Raises `prewatt_metering.registers.packing.Unpackable`."""
    return unpack(packed, base_us=(day.toordinal() - _EPOCH_DAY) * DAY_US)
