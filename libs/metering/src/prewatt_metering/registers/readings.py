"""Readings: a register at an instant."""

from enum import IntEnum
from typing import NamedTuple


class Quality(IntEnum):
    """How a figure came about, the best first; of several, the highest number tells of the whole.

    measured: the meter said so. interpolated: spread by time over a gap, or over readings that are
    not trusted. edited: a person set it. estimated: nobody has read it yet.
    """

    MEASURED = 0
    INTERPOLATED = 1
    EDITED = 2
    ESTIMATED = 3


class Reading(NamedTuple):
    """The register of a meter, in Wh as it displays them (no multiplier), at an instant.

    A tuple, because a month of one meter is 3,000 of them: made, sorted and taken apart in a third
    of the time that a dataclass takes.
    """

    at_us: int
    register_wh: int
    quality: Quality = Quality.MEASURED
