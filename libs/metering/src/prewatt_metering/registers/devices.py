"""What is known of the device of an installation: its readings, and registers that people read."""

from collections.abc import Iterable

from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.readings import Reading


def readings_of_device(
    *,
    readings: Iterable[Reading],
    installation: Installation,
    installations: Iterable[Installation],
) -> list[Reading]:
    """The readings that speak about ``installation``, where a meter id had several.

    Without those that an installation of another device (`Installation.device`) of the same meter
    id covers. With the opening and closing registers of the other installations of this device,
    which beat readings at their instants: after a move-out the last register of the one is what the
    other begins from. Where two of them are of one instant and differ both are there, in conflict.
    Where devices are not named all are one.
    """
    neighbours = [
        each for each in installations if each.meter == installation.meter and each != installation
    ]
    others = [each for each in neighbours if not is_same_device(each, installation)]
    given = {
        reading
        for each in neighbours
        if each not in others
        for reading in each.given_readings().values()
    }
    beaten = {each.at_us for each in given}
    return [
        each
        for each in readings
        if each.at_us not in beaten and not any(other.covers(each.at_us) for other in others)
    ] + sorted(given)


def is_same_device(one: Installation, other: Installation) -> bool:
    """Whether one device hangs there at both; where one of them names none, it is taken to be."""
    return one.device is None or other.device is None or one.device == other.device
