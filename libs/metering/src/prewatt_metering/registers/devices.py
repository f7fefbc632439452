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
    other begins from. Where devices are not named all are one.
    """
    neighbours = [
        each for each in installations if each.meter == installation.meter and each != installation
    ]
    others = [each for each in neighbours if not is_same_device(each, installation)]
    given: dict[int, Reading] = {}
    for each in neighbours:
        if each not in others:
            given.update(each.given_readings())
    return [
        each
        for each in readings
        if each.at_us not in given and not any(other.covers(each.at_us) for other in others)
    ] + list(given.values())


def is_same_device(one: Installation, other: Installation) -> bool:
    """Whether one device hangs there at both; where one of them names none, it is taken to be."""
    return one.device is None or other.device is None or one.device == other.device
